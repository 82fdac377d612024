-- The operations that wait for a person, newest first: ids are made in the order of time. For the operator, to whom a policy shows those
-- of all tenants. $1 tenant or NULL, $2 attention or NULL, $3 older than this operation or NULL, $4 limit.
SELECT tenant_id, id FROM payment_operations
WHERE (attention IS NOT NULL OR state = 'unknown')
    AND ($1::uuid IS NULL OR tenant_id = $1)
    AND ($2::text IS NULL OR attention = $2)
    AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC
LIMIT $4
