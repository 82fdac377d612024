-- A page of a tenant's orders, newest first: ids are UUIDv7, so id order is creation order.
--
-- One filter is walked: $12 is its value and $13 its name, both '' when it is the primary key that is walked. It is said by bounds of
-- (value, id) and by the sort order, which no index but its own has. Said as an equality it would be neither, and PostgreSQL would rather
-- walk the primary key past every order that does not fit, as soon as it holds the value for common: among others' orders, or long ago.
--
-- Planned for its own parameters each time (order_list_plan.sql): what depends on $13 and all filters that are absent are gone by then.
-- $1 tenant · filters, NULL: any, or walked: $2 status, $3 payment_status, $4 fulfillment_status, $5 return_status, $6 customer_reference,
-- $7 number, $8 external_reference · $9 first id, $10 end id (exclusive) · $11 rows at most.
SELECT json_build_object(
    'id', o.id,
    'number', o.number,
    'external_reference', o.external_reference,
    'version', o.version,
    'status', o.status,
    'payment_status', o.payment_status,
    'fulfillment_status', o.fulfillment_status,
    'return_status', o.return_status,
    'currency', o.currency,
    'customer_reference', o.customer_reference,
    'total', o.total,
    'balances', o.balances,
    'created_at', o.created_at,
    'updated_at', o.updated_at) AS document
FROM orders AS o
CROSS JOIN LATERAL (SELECT
    CASE $13::text
        WHEN 'status' THEN o.status
        WHEN 'payment_status' THEN o.payment_status
        WHEN 'fulfillment_status' THEN o.fulfillment_status
        WHEN 'return_status' THEN o.return_status
        WHEN 'customer_reference' THEN o.customer_reference
        ELSE ''
    END AS value) AS walked
WHERE o.tenant_id = $1
    AND o.id >= $9 AND o.id < $10
    AND ($13 = '' OR (walked.value, o.id) >= ($12, $9) AND (walked.value, o.id) < ($12, $10))
    AND walked.value IS NOT NULL -- said again for the indexes that leave out what is absent
    AND ($13 <> 'return_status' OR o.return_status <> 'none')
    AND ($2::text IS NULL OR o.status = $2)
    AND ($3::text IS NULL OR o.payment_status = $3)
    AND ($4::text IS NULL OR o.fulfillment_status = $4)
    AND ($5::text IS NULL OR o.return_status = $5)
    AND ($6::text IS NULL OR o.customer_reference = $6)
    AND ($7::bigint IS NULL OR o.number = $7)
    AND ($8::text IS NULL OR o.external_reference = $8)
ORDER BY walked.value DESC, o.id DESC
LIMIT $11
