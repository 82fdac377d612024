-- Whether an order exists. $1 tenant, $2 order.
SELECT EXISTS (SELECT FROM orders WHERE tenant_id = $1 AND id = $2)
