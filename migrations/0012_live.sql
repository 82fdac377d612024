-- What live views read: the events of one tenant from a position on. A position is (tx, seq), which says for good what came before
-- (docs/adr/0013). Commands and rows that send an event again are no news, so they have no entry.
-- Locks: outbox against writes while the index is built: two seconds for each million of its events.

CREATE INDEX outbox_events_idx ON outbox (tenant_id, tx, seq) WHERE exchange = 'orders.events' AND republishes IS NULL;
