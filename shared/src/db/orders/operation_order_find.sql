-- The order that an operation belongs to. $1 tenant, $2 operation.
SELECT order_id FROM payment_operations WHERE tenant_id = $1 AND id = $2
