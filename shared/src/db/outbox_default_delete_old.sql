-- Deletes published messages that have no week and are older than their time, past those that another run deletes or that are to be sent
-- again. $1: written before; $2: rows at most.
DELETE FROM outbox_default
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM outbox_default
    WHERE event_id < uuidv7_floor($1) AND published_at IS NOT NULL
        AND event_id <> ALL (ARRAY(SELECT republishes FROM outbox WHERE published_at IS NULL AND republishes IS NOT NULL))
    ORDER BY event_id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
))
