-- The position of the last event of a tenant that can be told: every transaction up to its own has ended. $1: tenant.
-- (A bare tx in ORDER BY would be the text of the answer, and 9 come after 10.)
SELECT outbox.tx::text, outbox.seq
FROM outbox
WHERE tenant_id = $1 AND exchange = 'orders.events' AND republishes IS NULL AND tx < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY outbox.tx DESC, outbox.seq DESC
LIMIT 1
