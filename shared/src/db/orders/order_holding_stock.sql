-- Orders of all tenants that have ended and hold stock that should have been let go by now, by orders_ended_holding_idx.
-- $1: ended before; $2: rows at most.
SELECT tenant_id, id
FROM orders
WHERE status IN ('cancelled', 'expired', 'rejected') AND stock_status NOT IN ('off', 'rejected', 'expired', 'released') AND updated_at < $1
ORDER BY tenant_id, id
LIMIT $2
