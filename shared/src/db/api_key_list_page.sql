-- A page of a tenant's keys, newest first, without their secrets. $1 tenant, $2 older than this key (null: from the newest),
-- $3 limit.
SELECT id, name, scopes, created_at, expires_at, revoked_at
FROM api_keys
WHERE tenant_id = $1 AND id < COALESCE($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
ORDER BY id DESC
LIMIT $3
