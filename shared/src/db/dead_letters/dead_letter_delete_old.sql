-- Deletes dead letters that are older than their time, the oldest first, past those that another run deletes. Ids are made in the order of
-- time. $1: filed before; $2: rows at most.
DELETE FROM dead_letters
WHERE ctid = ANY (ARRAY(SELECT ctid FROM dead_letters WHERE id < uuidv7_floor($1) ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))
