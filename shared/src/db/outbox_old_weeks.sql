-- The weeks of the outbox that were over before a moment, the oldest first. $1: the moment.
SELECT partition::text FROM outbox_partitions WHERE end_event_id <= uuidv7_floor($1) ORDER BY end_event_id
