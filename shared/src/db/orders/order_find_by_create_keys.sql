-- The orders that creation keys made, for ever, and the fingerprints of those requests; of keys that made none, no row.
-- $1 tenant, $2 keys.
SELECT create_key, id, number, create_fingerprint FROM orders WHERE tenant_id = $1 AND create_key = ANY ($2::text[])
