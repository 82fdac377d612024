-- Claims an idempotency key; the answer is stored before COMMIT. No row: the key is taken. $1 tenant, $2 function, $3 key,
-- $4 fingerprint, $5 now.
INSERT INTO idempotency_records (tenant_id, function, key, fingerprint, answer_sealed, created_at)
VALUES ($1, $2, $3, $4, '', $5)
ON CONFLICT DO NOTHING
RETURNING true
