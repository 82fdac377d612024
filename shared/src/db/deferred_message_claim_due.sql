-- Leases the deferred messages that are due, across tenants: until the lease is over nobody else finds them, and whoever dies only delays
-- them. They are found by deferred_messages_due_idx and written where they lie, as in timer_claim_due.sql.
-- $1: now; $2: the end of the lease; $3: rows at most; $4: consumers whose messages are tried now, not merely leased.
UPDATE deferred_messages
SET due_at = $2, tries = tries + (consumer = ANY ($4::text[]))::integer
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM deferred_messages
    WHERE due_at <= $1
    ORDER BY due_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))
RETURNING tenant_id, id, consumer, class, attempts, tries, body_sealed, created_at
