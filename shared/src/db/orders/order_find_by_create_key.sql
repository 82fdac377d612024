-- The order that a creation key made, for ever, and the fingerprint of that request. $1 tenant, $2 key.
SELECT id, create_fingerprint FROM orders WHERE tenant_id = $1 AND create_key = $2
