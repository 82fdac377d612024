-- A key and the standing of its tenant. $1: key id. Row-level security confines both tables to the tenant that the key id names.
SELECT k.secret_sealed, k.scopes, k.expires_at, k.revoked_at, t.status = 'suspended' AS tenant_suspended, t.policy
FROM api_keys AS k
JOIN tenants AS t USING (tenant_id)
WHERE k.id = $1
