-- Where letters belong, and what became of each. The operator names no tenant. $1: letters; $2: tenant or NULL.
SELECT id, tenant_id, state FROM dead_letters WHERE id = ANY ($1) AND ($2::uuid IS NULL OR tenant_id = $2) ORDER BY id
