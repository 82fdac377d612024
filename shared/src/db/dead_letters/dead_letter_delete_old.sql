-- Deletes dead letters that are older than their time, the oldest first, past those that another run deletes: the ones that wait for a
-- person, or all others. Ids are made in the order of time; a letter whose message died again since is not old.
-- $1: filed before; $2: rows at most; $3: the ones that wait.
DELETE FROM dead_letters
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM dead_letters
    WHERE id < uuidv7_floor($1) AND coalesce(last_seen_at, created_at) < $1 AND (state = 'open') = $3
    ORDER BY id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
))
