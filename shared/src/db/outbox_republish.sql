-- Asks for published events of one tenant to be sent again: new rows that name the events whose bytes they send, in the order in which an
-- order's events were written. Event ids are UUIDv7, so a time since 1970 is a range of ids: it finds the weeks, and the ids give a call its
-- place.
-- $1: tenant; $2: written at this moment or later; $3: written before this one; $4: order or NULL; $5: routing keys or NULL; $6: after this
-- event or NULL; $7: the exchange of events; $8: fresh ids, as many as events at most; $9: now.
WITH matching AS (
    SELECT event_id, seq, order_id, shard, exchange, routing_key
    FROM outbox
    WHERE tenant_id = $1
        AND event_id >= uuidv7_floor(greatest($2::timestamptz, 'epoch'))
        AND event_id <= uuidv7_floor(greatest($3::timestamptz, 'epoch') + interval '1 millisecond')
        AND created_at >= $2 AND created_at < $3
        AND exchange = $7 AND published_at IS NOT NULL AND republishes IS NULL
        AND ($4::uuid IS NULL OR order_id = $4)
        AND ($5::text[] IS NULL OR routing_key = ANY ($5))
        AND ($6::uuid IS NULL OR event_id > $6)
    ORDER BY event_id
    LIMIT cardinality($8::uuid[]) + 1
),
chosen AS (
    SELECT *, row_number() OVER (ORDER BY seq) AS place
    FROM (SELECT * FROM matching ORDER BY event_id LIMIT cardinality($8)) AS first
),
written AS (
    INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, republishes, created_at)
    SELECT $1, ($8)[place::integer], order_id, shard, exchange, routing_key, event_id, $9
    FROM chosen
    ORDER BY place
)
SELECT (SELECT count(*) FROM chosen), (SELECT event_id FROM chosen ORDER BY event_id DESC LIMIT 1),
    (SELECT count(*) FROM matching) > (SELECT count(*) FROM chosen)
