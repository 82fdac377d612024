-- The next version of a tenant that this transaction has locked. $1 tenant, $2 name, $3 status, $4 policy, $5 version, $6 now.
UPDATE tenants SET name = $2, status = $3, policy = $4, version = $5, updated_at = $6 WHERE tenant_id = $1
