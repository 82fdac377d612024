-- Gives a key that this transaction has locked its end. $1 tenant, $2 key, $3 expires, $4 revoked.
UPDATE api_keys SET expires_at = $3, revoked_at = $4 WHERE tenant_id = $1 AND id = $2
