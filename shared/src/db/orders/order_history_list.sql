-- The history of an order, oldest first. $1 tenant, $2 order, $3 versions after this one, $4 rows at most.
SELECT version, action, actor, from_status, to_status, reason, correlation_id, at
FROM order_history
WHERE tenant_id = $1 AND order_id = $2 AND version > $3
ORDER BY version
LIMIT $4
