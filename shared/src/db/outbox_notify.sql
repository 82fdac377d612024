-- Wakes the relay. Never inside a write transaction: NOTIFY serializes commits.
SELECT pg_notify('outbox', '')
