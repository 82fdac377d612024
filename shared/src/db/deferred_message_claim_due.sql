-- Leases the deferred messages that are due, across tenants: until the lease is over nobody else finds them, and whoever dies only delays
-- them. $1: now; $2: the end of the lease; $3: rows at most.
WITH due AS (
    SELECT tenant_id, id
    FROM deferred_messages
    WHERE due_at <= $1
    ORDER BY due_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE deferred_messages AS d
SET due_at = $2
FROM due
WHERE d.tenant_id = due.tenant_id AND d.id = due.id
RETURNING d.tenant_id, d.id, d.consumer, d.class, d.attempts, d.body_sealed, d.created_at
