-- Claims an idempotency key and locks the order that its request is about, reading nothing else: whatever is loaded after a lock was
-- waited for must come from a younger snapshot. The answer is stored by the save. $1 order, $2 function, $3 key, $4 fingerprint, $5 now,
-- $6 tenant.
WITH claim AS (
    INSERT INTO idempotency_records (tenant_id, function, key, fingerprint, answer_sealed, created_at)
    VALUES ($6, $2, $3, $4, '', $5)
    ON CONFLICT DO NOTHING
    RETURNING tenant_id
),
locked AS (
    SELECT id FROM orders WHERE tenant_id = $6 AND id = $1 FOR UPDATE
)
SELECT EXISTS (SELECT FROM claim) AS claimed, EXISTS (SELECT FROM locked) AS found
