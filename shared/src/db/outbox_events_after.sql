-- One page of a tenant's events behind a position, in the order in which they are told. What an open transaction may still come before is
-- shown without its bytes: it cannot be told yet.
-- $1: tenant; $2: transaction and $3: number of the position; $4: the order whose bytes are wanted, NULL for all; $5: rows at most.
-- An event is told once every transaction up to its own has ended. Its own bytes are read only then (outbox_events_idx).
SELECT event.tx::text, event.seq, event.order_id, event.is_told,
    CASE WHEN event.is_told AND ($4::uuid IS NULL OR event.order_id = $4) THEN event.body END AS body
FROM (
    SELECT tx, seq, order_id, body, tx < pg_snapshot_xmin(pg_current_snapshot()) AS is_told
    FROM outbox
    WHERE tenant_id = $1 AND exchange = 'orders.events' AND republishes IS NULL AND (tx, seq) > ($2::text::xid8, $3::bigint)
    ORDER BY tx, seq
    LIMIT $5
) AS event
ORDER BY event.tx, event.seq
