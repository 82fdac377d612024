-- A tenant at its first version. $1 tenant, $2 name, $3 status, $4 policy, $5 version, $6 now.
INSERT INTO tenants (tenant_id, name, status, policy, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
