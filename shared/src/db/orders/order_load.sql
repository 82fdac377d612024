-- Orders, each whole, as one JSON document: the shape of db::orders::record. $1 tenant, $2 orders.
SELECT json_build_object(
    'id', o.id,
    'tenant_id', o.tenant_id,
    'number', o.number,
    'external_reference', o.external_reference,
    'version', o.version,
    'event_sequence', o.event_sequence,
    'status', o.status,
    'payment_status', o.payment_status,
    'fulfillment_status', o.fulfillment_status,
    'return_status', o.return_status,
    'stock_status', o.stock_status,
    'stock_attempt', o.stock_attempt,
    'currency', o.currency,
    'shipping', o.shipping,
    'shipping_tax', o.shipping_tax,
    'discount', o.discount,
    'shipping_refunded', o.shipping_refunded,
    'balances', o.balances,
    'holds', o.holds,
    'metadata', o.metadata,
    'created_at', o.created_at,
    'updated_at', o.updated_at,
    'customer', c.customer,
    'shipping_address', c.shipping_address,
    'billing_address', c.billing_address,
    'lines', (
        SELECT json_agg(json_build_object(
            'id', l.id, 'sku', l.sku, 'name', l.name, 'unit_price', l.unit_price, 'discount', l.discount, 'tax', l.tax,
            'requires_shipping', l.requires_shipping, 'metadata', l.metadata, 'ordered', l.ordered, 'cancelled', l.cancelled,
            'fulfilled', l.fulfilled, 'shipped', l.shipped, 'delivered', l.delivered, 'returned', l.returned,
            'refunded', l.refunded) ORDER BY l.position)
        FROM order_lines AS l
        WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id),
    'payments', (
        SELECT coalesce(json_agg(json_build_object(
            'id', p.id, 'position', p.position, 'method', p.method, 'capture', p.capture, 'amount', p.amount) ORDER BY p.position), '[]')
        FROM payments AS p
        WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id),
    'operations', (
        SELECT coalesce(json_agg(json_build_object(
            'id', r.id, 'payment_id', r.payment_id, 'kind', r.kind, 'state', r.state, 'amount', r.amount,
            'settled_amount', r.settled_amount, 'provider_reference', r.provider_reference, 'failure_code', r.failure_code,
            'failure_message', r.failure_message, 'next_action', r.next_action, 'reverse_on_success', r.reverse_on_success,
            'conflicted', r.conflicted, 'requested_at', r.requested_at, 'sent_at', r.sent_at, 'settled_at', r.settled_at,
            'attention', r.attention, 'granted', r.granted, 'is_final', r.is_final, 'undone_at', r.undone_at)
            ORDER BY r.requested_at, r.id), '[]')
        FROM payment_operations AS r
        WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id),
    'fulfillments', (
        SELECT coalesce(json_agg(json_build_object(
            'id', f.id, 'status', f.status, 'carrier', f.carrier, 'tracking_number', f.tracking_number, 'tracking_url', f.tracking_url,
            'created_at', f.created_at, 'updated_at', f.updated_at, 'cancel_requested', f.cancel_requested,
            'lines', (
                SELECT json_agg(json_build_object('line_id', q.line_id, 'quantity', q.quantity))
                FROM fulfillment_lines AS q
                WHERE q.tenant_id = f.tenant_id AND q.fulfillment_id = f.id)) ORDER BY f.created_at, f.id), '[]')
        FROM fulfillments AS f
        WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id)) AS document
FROM orders AS o
JOIN order_contacts AS c ON c.tenant_id = o.tenant_id AND c.order_id = o.id
WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
