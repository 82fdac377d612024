-- A page of the orders of one e-mail address, newest first: order_list_page.sql for the filter that is not a column of orders. It walks the
-- index of the addresses, which has the ids in order, and looks up each order; why it says so by bounds of (address, id) stands there.
-- $1–$11 as in order_list_page.sql, where nothing is walked · $12 e-mail (normalised).
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
FROM order_contacts AS c
JOIN orders AS o ON o.tenant_id = c.tenant_id AND o.id = c.order_id
WHERE c.tenant_id = $1
    AND (c.email_normalized, c.order_id) >= ($12, $9) AND (c.email_normalized, c.order_id) < ($12, $10)
    AND c.email_normalized IS NOT NULL
    AND ($2::text IS NULL OR o.status = $2)
    AND ($3::text IS NULL OR o.payment_status = $3)
    AND ($4::text IS NULL OR o.fulfillment_status = $4)
    AND ($5::text IS NULL OR o.return_status = $5)
    AND ($6::text IS NULL OR o.customer_reference = $6)
    AND ($7::bigint IS NULL OR o.number = $7)
    AND ($8::text IS NULL OR o.external_reference = $8)
ORDER BY c.email_normalized DESC, c.order_id DESC
LIMIT $11
