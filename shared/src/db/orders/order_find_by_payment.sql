-- The order that a payment belongs to, for ever. $1 tenant, $2 payment.
SELECT order_id FROM payments WHERE tenant_id = $1 AND id = $2
