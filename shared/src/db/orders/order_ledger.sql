-- The books of an order with the balances that they must come to, of one snapshot. $1 tenant, $2 order.
SELECT json_build_object(
    'order_id', o.id,
    'version', o.version,
    'currency', o.currency,
    'balances', o.balances,
    'postings', (
        SELECT coalesce(json_agg(json_build_object(
            'transaction_id', l.transaction_id, 'account', l.account, 'amount', l.amount, 'fact', l.fact,
            'operation_id', l.operation_id, 'at', l.at) ORDER BY l.at, l.transaction_id, l.account), '[]')
        FROM ledger AS l
        WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id)) AS document
FROM orders AS o
WHERE o.tenant_id = $1 AND o.id = $2
