-- Where an operation that waits for a person belongs. The operator, to whom a policy shows those of all tenants, names none. $1 operation,
-- $2 tenant or NULL.
SELECT tenant_id, order_id FROM payment_operations
WHERE id = $1 AND (attention IS NOT NULL OR state = 'unknown') AND ($2::uuid IS NULL OR tenant_id = $2)
