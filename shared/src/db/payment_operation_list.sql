-- Operations of one tenant with what a person must know of their orders: the shape of db::payment_operations. $1 tenant, $2 operations.
SELECT json_build_object(
    'id', r.id, 'tenant_id', r.tenant_id, 'order_id', r.order_id, 'order_number', o.number, 'payment_id', r.payment_id,
    'method', p.method, 'kind', r.kind, 'state', r.state, 'attention', r.attention, 'amount', r.amount,
    'settled_amount', r.settled_amount, 'currency', o.currency, 'provider_reference', r.provider_reference,
    'failure_code', r.failure_code, 'requested_at', r.requested_at, 'settled_at', r.settled_at) AS document
FROM payment_operations AS r
JOIN payments AS p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id
JOIN orders AS o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
WHERE r.tenant_id = $1 AND r.id = ANY ($2) AND (r.attention IS NOT NULL OR r.state = 'unknown')
