-- Locks an order for bookkeeping that is no effect of a message, reading nothing else. $1 tenant, $2 order.
SELECT id FROM orders WHERE tenant_id = $1 AND id = $2 FOR UPDATE
