-- Leases the timers of one kind that are due, across tenants: until the lease is over nobody else finds them, and whoever dies only
-- delays them. One index range of timers_kind_due_idx, whatever else waits.
-- $1: kind; $2: now; $3: the end of the lease; $4: rows at most.
WITH due AS (
    SELECT tenant_id, kind, subject_id
    FROM timers
    WHERE kind = $1 AND due_at <= $2
    ORDER BY due_at
    LIMIT $4
    FOR UPDATE SKIP LOCKED
)
UPDATE timers AS t
SET due_at = $3
FROM due
WHERE t.tenant_id = due.tenant_id AND t.kind = due.kind AND t.subject_id = due.subject_id
RETURNING t.tenant_id, t.subject_id, t.attempts
