-- Deletes claims of messages that are older than their time, the oldest first, past those that another run deletes. $1: made before;
-- $2: rows at most.
DELETE FROM inbox
WHERE ctid = ANY (ARRAY(SELECT ctid FROM inbox WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED))
