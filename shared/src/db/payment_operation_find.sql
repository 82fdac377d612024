-- Where an operation belongs, and how far it has come. $1 tenant, $2 operation.
SELECT order_id, state FROM payment_operations WHERE tenant_id = $1 AND id = $2
