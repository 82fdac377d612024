-- The stored answer of an idempotency key. $1 tenant, $2 function, $3 key.
SELECT fingerprint, answer_sealed, created_at FROM idempotency_records WHERE tenant_id = $1 AND function = $2 AND key = $3
