-- A key, locked to be ended or to stay as it is; it reads the locked row and nothing else. $1 tenant, $2 key.
SELECT id, name, scopes, created_at, expires_at, revoked_at FROM api_keys WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE
