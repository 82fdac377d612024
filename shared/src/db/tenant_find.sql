-- A tenant. $1 tenant.
SELECT tenant_id, name, status, policy, version, created_at, updated_at FROM tenants WHERE tenant_id = $1
