-- Leases the timers of one kind that are due, across tenants: until the lease is over nobody else finds them, and whoever dies only
-- delays them. They are found by timers_kind_due_idx and written where they lie: a join would be planned for as many as might be due.
-- $1: kind; $2: now; $3: the end of the lease; $4: rows at most.
UPDATE timers
SET due_at = $3
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM timers
    WHERE kind = $1 AND due_at <= $2
    ORDER BY due_at
    LIMIT $4
    FOR UPDATE SKIP LOCKED
))
RETURNING tenant_id, subject_id, attempts
