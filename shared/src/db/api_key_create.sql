-- A key. $1 tenant, $2 id, $3 name, $4 scopes, $5 sealed secret, $6 created, $7 expires.
INSERT INTO api_keys (tenant_id, id, name, scopes, secret_sealed, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
