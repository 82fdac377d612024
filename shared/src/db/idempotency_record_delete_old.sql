-- Deletes records that are older than their time, the oldest first, past those that another run deletes. $1: made before; $2: rows at most.
DELETE FROM idempotency_records
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_records WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
))
