-- What waits, over all tenants: seconds since the oldest unpublished message was written and since the longest overdue deferred one was
-- due (0 when nothing waits), operations of unknown outcome, and operations that wait for a person. $1: now.
SELECT
    coalesce((SELECT extract(epoch FROM $1 - min(created_at)) FROM outbox WHERE published_at IS NULL), 0)::double precision
        AS unpublished_seconds,
    greatest(coalesce((SELECT extract(epoch FROM $1 - min(due_at)) FROM deferred_messages), 0), 0)::double precision AS overdue_seconds,
    (SELECT count(*) FROM payment_operations WHERE state = 'unknown') AS unknown_operations,
    (SELECT count(*) FROM payment_operations WHERE attention IS NOT NULL) AS operations_with_attention
