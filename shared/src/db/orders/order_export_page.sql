-- The next of a tenant's orders, oldest first: ids are UUIDv7, so id order is creation order. Planned for its own parameters each time
-- (plan_cache_mode = force_custom_plan), so that every filter uses its index. Each page is a statement of its own and no cursor stays
-- open: a reader who takes his time then holds no connection and no snapshot.
-- $1 tenant · filters, NULL: any: $2 status, $3 payment_status, $4 fulfillment_status, $5 return_status, $6 customer_reference,
-- $7 e-mail (normalised), $8 number, $9 external_reference · $10 first id, $11 end id (exclusive) · $12 rows at most.
SELECT o.id
FROM orders AS o
WHERE o.tenant_id = $1
    AND ($2::text IS NULL OR o.status = $2)
    AND ($3::text IS NULL OR o.payment_status = $3)
    AND ($4::text IS NULL OR o.fulfillment_status = $4)
    AND ($5::text IS NULL OR o.return_status = $5)
    AND ($6::text IS NULL OR o.customer_reference = $6)
    AND ($7::text IS NULL OR o.id IN (
        SELECT c.order_id FROM order_contacts AS c WHERE c.tenant_id = $1 AND c.email_normalized = $7))
    AND ($8::bigint IS NULL OR o.number = $8)
    AND ($9::text IS NULL OR o.external_reference = $9)
    AND o.id >= $10 AND o.id < $11
ORDER BY o.id
LIMIT $12
