-- Settles open letters, and answers those that it did: of two who settle one letter at once, the other finds it settled.
-- $1: letters; $2: their tenant, NULL for letters that have none; $3: what becomes of them; $4: now.
UPDATE dead_letters SET state = $3, settled_at = $4
WHERE id = ANY ($1) AND tenant_id IS NOT DISTINCT FROM $2 AND state = 'open'
RETURNING id
