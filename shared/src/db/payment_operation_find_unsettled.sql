-- Where an operation that waits for a person belongs. For the operator, to whom a policy shows those of all tenants. $1 operation.
SELECT tenant_id, order_id FROM payment_operations WHERE id = $1 AND (attention IS NOT NULL OR state = 'unknown')
