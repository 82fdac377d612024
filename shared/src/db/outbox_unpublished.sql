-- The oldest unpublished messages of some shards, in order of publication within each order.
-- $1: shards and $2: rows of each at most, pairwise; $3: orders to pass over, because the broker refuses their head just now.
-- One index scan a shard (outbox_unpublished_idx), so that the cost does not grow with the backlog.
SELECT o.tenant_id, o.event_id, o.order_id, o.exchange, o.routing_key, o.body
FROM unnest($1::smallint[], $2::bigint[]) AS owned (shard, row_limit)
CROSS JOIN LATERAL (
    SELECT tenant_id, event_id, order_id, exchange, routing_key, body, seq
    FROM outbox
    WHERE shard = owned.shard AND published_at IS NULL AND order_id <> ALL ($3::uuid[])
    ORDER BY seq
    LIMIT owned.row_limit
) AS o
ORDER BY o.seq
