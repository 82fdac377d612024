-- No statement of the service but the planted bug watermark_relay: a relay that goes on behind the last message which it has published loses
-- what had its place before and is committed after. Parameters and answer are those of outbox_unpublished.sql.
SELECT o.tenant_id, o.event_id, o.order_id, o.exchange, o.routing_key, o.body
FROM unnest($1::smallint[], $2::bigint[]) AS owned (shard, row_limit)
CROSS JOIN LATERAL (
    SELECT tenant_id, event_id, order_id, exchange, routing_key, body, seq
    FROM outbox
    WHERE shard = owned.shard AND published_at IS NULL AND order_id <> ALL ($3::uuid[])
        AND seq > (SELECT coalesce(max(seq), 0) FROM outbox WHERE published_at IS NOT NULL)
    ORDER BY seq
    LIMIT owned.row_limit
) AS o
ORDER BY o.seq
