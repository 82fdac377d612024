-- The messages of open letters, sealed; nothing in place of one that is too large to be an event. $1: letters; $2: their tenant, NULL for
-- letters that have none; $3: bytes of a sealed message at most.
SELECT id, consumer, CASE WHEN octet_length(body_sealed) <= $3 THEN body_sealed END
FROM dead_letters
WHERE id = ANY ($1) AND tenant_id IS NOT DISTINCT FROM $2 AND state = 'open'
ORDER BY id
