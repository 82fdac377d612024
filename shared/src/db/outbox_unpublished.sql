-- The oldest unpublished messages of some shards, in order of publication within each order.
-- $1: shards and $2: rows of each at most, pairwise; $3: orders to pass over, because the broker refuses their head just now.
-- One index scan a shard (outbox_unpublished_idx), so that the cost does not grow with the backlog. A row that republishes an event has that
-- event's bytes; they are looked for only then.
SELECT o.tenant_id, o.event_id, o.order_id, o.exchange, o.routing_key, coalesce(o.body, (
    SELECT original.body FROM outbox AS original WHERE original.tenant_id = o.tenant_id AND original.event_id = o.republishes
)) AS body
FROM unnest($1::smallint[], $2::bigint[]) AS owned (shard, row_limit)
CROSS JOIN LATERAL (
    SELECT tenant_id, event_id, order_id, exchange, routing_key, body, republishes, seq
    FROM outbox
    WHERE shard = owned.shard AND published_at IS NULL AND order_id <> ALL ($3::uuid[])
    ORDER BY seq
    LIMIT owned.row_limit
) AS o
ORDER BY o.seq
