-- A tenant and its first key. $1 tenant, $2 name, $3 policy, $4 now, $5 key, $6 key name, $7 scopes, $8 sealed secret.
WITH tenant AS (
    INSERT INTO tenants (tenant_id, name, status, policy, version, created_at, updated_at)
    VALUES ($1, $2, 'active', $3, 1, $4, $4)
    RETURNING tenant_id
)
INSERT INTO api_keys (tenant_id, id, name, scopes, secret_sealed, created_at)
SELECT tenant.tenant_id, $5, $6, $7, $8, $4 FROM tenant
