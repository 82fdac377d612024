-- The order that bears a caller's reference. $1 tenant, $2 reference.
SELECT id FROM orders WHERE tenant_id = $1 AND external_reference = $2
