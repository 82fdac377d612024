-- Stores the answer of a key that this transaction has claimed. $1 tenant, $2 function, $3 key, $4 sealed answer.
UPDATE idempotency_records SET answer_sealed = $4 WHERE tenant_id = $1 AND function = $2 AND key = $3
