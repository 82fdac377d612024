-- The position of the last event of a tenant that can be told: every transaction up to its own has ended. $1: tenant.
SELECT tx::text, seq
FROM outbox
WHERE tenant_id = $1 AND exchange = 'orders.events' AND republishes IS NULL AND tx < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY tx DESC, seq DESC
LIMIT 1
