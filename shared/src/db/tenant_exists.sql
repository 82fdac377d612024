-- Whether a tenant exists. $1 tenant.
SELECT EXISTS (SELECT FROM tenants WHERE tenant_id = $1)
