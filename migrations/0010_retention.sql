-- What prune-records deletes from, the oldest first. Claims of keys and of messages are unique for ever and not by week, so these tables have
-- no partitions (docs/adr/0010); a row costs one more entry at the end of an index. Dead letters need none: their ids are in the order of time.
-- Locks: idempotency_records and inbox against writes while an index is built: half a second for each million of rows.

CREATE INDEX idempotency_records_created_idx ON idempotency_records (created_at);
CREATE INDEX inbox_received_idx ON inbox (received_at);
