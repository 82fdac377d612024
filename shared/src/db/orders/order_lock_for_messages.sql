-- Claims messages for their consumer and locks the orders that they speak of, one message an order; reads nothing else, as
-- order_lock_for_message.sql. It waits for nobody: what another transaction has locked, or nobody has ever placed, it leaves out.
-- $1 tenant, $2 consumer, $3 orders, $4 sources and $5 message ids, one each, $6 now.
WITH message AS MATERIALIZED (
    SELECT order_id, source, message_id FROM unnest($3::uuid[], $4::text[], $5::text[]) AS m (order_id, source, message_id)
),
locked AS MATERIALIZED (
    SELECT id FROM orders WHERE tenant_id = $1 AND id = ANY ($3::uuid[]) FOR UPDATE SKIP LOCKED
),
claim AS (
    INSERT INTO inbox (tenant_id, consumer, source, message_id, received_at)
    SELECT $1, $2, message.source, message.message_id, $6
    FROM message
    JOIN locked ON locked.id = message.order_id
    ON CONFLICT DO NOTHING
    RETURNING source, message_id
)
SELECT message.order_id, claim.message_id IS NOT NULL AS claimed
FROM message
JOIN locked ON locked.id = message.order_id
LEFT JOIN claim ON claim.source = message.source AND claim.message_id = message.message_id
