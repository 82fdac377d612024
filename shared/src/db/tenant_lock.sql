-- A tenant, locked to be changed; it reads the locked row and nothing else. NO KEY: whoever makes a key of the tenant meanwhile does
-- not wait. $1 tenant.
SELECT tenant_id, name, status, policy, version, created_at, updated_at FROM tenants WHERE tenant_id = $1 FOR NO KEY UPDATE
