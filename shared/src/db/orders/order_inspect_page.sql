-- A page of all tenants' orders for the audit, in the order of their keys, with what those that changed lately left in other tables. It
-- reads so many rows and no more, however few of them changed.
-- An event's id is a UUIDv7 of its change's own millisecond, so the messages of a version are one short range of outbox_pkey.
-- $1: the last tenant before; $2: the last order before; $3: rows at most; $4: changed since; $5: messages are kept since.
WITH page AS (
    SELECT tenant_id, id, version, create_key, updated_at
    FROM orders
    WHERE (tenant_id, id) > ($1, $2)
    ORDER BY tenant_id, id
    LIMIT $3
)
SELECT p.tenant_id, p.id, p.version, p.updated_at >= $4 AS has_changed, h.history_rows, h.history_first, h.history_last,
    h.silent_versions, k.orders_of_key
FROM page AS p
LEFT JOIN LATERAL (
    SELECT count(*) AS history_rows, coalesce(min(h.version), 0) AS history_first, coalesce(max(h.version), 0) AS history_last,
        count(*) FILTER (WHERE h.at >= $5 AND NOT EXISTS (
            SELECT FROM outbox AS b
            WHERE b.tenant_id = h.tenant_id AND b.order_id = h.order_id
                AND b.event_id >= (lpad(to_hex(floor(extract(epoch FROM h.at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
                AND b.event_id <= (lpad(to_hex(floor(extract(epoch FROM h.at) * 1000)::bigint), 12, '0') || repeat('f', 20))::uuid
        )) AS silent_versions
    FROM order_history AS h
    WHERE p.updated_at >= $4 AND h.tenant_id = p.tenant_id AND h.order_id = p.id
) AS h ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS orders_of_key
    FROM orders AS o
    WHERE p.updated_at >= $4 AND o.tenant_id = p.tenant_id AND o.create_key = p.create_key
) AS k ON true
ORDER BY p.tenant_id, p.id
