-- Claims a message for its consumer and locks the order it speaks of, reading nothing else: whatever is loaded after a lock was
-- waited for must come from a younger snapshot. $1 order, $2 consumer, $3 source, $4 message id, $5 now, $6 tenant.
WITH claim AS (
    INSERT INTO inbox (tenant_id, consumer, source, message_id, received_at)
    VALUES ($6, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
    RETURNING tenant_id
),
locked AS (
    SELECT id FROM orders WHERE tenant_id = $6 AND id = $1 FOR UPDATE
)
SELECT EXISTS (SELECT FROM claim) AS claimed, EXISTS (SELECT FROM locked) AS found
