-- Tenants in the order of their ids. The operator, to whom a policy shows all of them, names none. $1: tenant or NULL; $2: the first that may
-- come, or NULL; $3: limit.
SELECT tenant_id FROM tenants
WHERE ($1::uuid IS NULL OR tenant_id = $1) AND ($2::uuid IS NULL OR tenant_id >= $2)
ORDER BY tenant_id
LIMIT $3
