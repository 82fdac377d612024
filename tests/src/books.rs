//! What must hold for every order of a database, whatever happened to it: the audit that tests end with.

use serde_json::Value;

use super::Sql;

/// Each rule as a query for what breaks it; every row found is a violation.
const RULES: [(&str, &str); 15] = [
    (
        "every ledger transaction sums to zero",
        "SELECT order_id, transaction_id FROM ledger GROUP BY 1, 2 HAVING sum(amount) <> 0",
    ),
    (
        "the balances of an order are the sums of its ledger",
        "SELECT o.id, o.balances, s.sums FROM orders o
         LEFT JOIN LATERAL (
             SELECT coalesce(jsonb_object_agg(account, total), '{}') AS sums
             FROM (SELECT account, sum(amount)::bigint AS total FROM ledger l
                   WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id GROUP BY account HAVING sum(amount) <> 0) a
         ) s ON true
         WHERE o.balances <> s.sums",
    ),
    (
        "an order's history has a row for every version, dense from 1",
        "SELECT o.id, o.version, count(h.version), max(h.version) FROM orders o
         LEFT JOIN order_history h ON h.tenant_id = o.tenant_id AND h.order_id = o.id
         GROUP BY o.tenant_id, o.id, o.version HAVING count(h.version) <> o.version OR max(h.version) <> o.version OR min(h.version) <> 1",
    ),
    (
        "an order counts its events",
        "SELECT o.id, o.event_sequence, count(b.event_id) FROM orders o
         LEFT JOIN outbox b ON b.tenant_id = o.tenant_id AND b.order_id = o.id AND b.exchange = 'orders.events'
         GROUP BY o.tenant_id, o.id, o.event_sequence HAVING count(b.event_id) <> o.event_sequence",
    ),
    (
        "every version of an order was told to somebody",
        "SELECT h.order_id, h.version FROM order_history h WHERE NOT EXISTS (
             SELECT FROM outbox b WHERE b.tenant_id = h.tenant_id AND b.order_id = h.order_id
                 AND (convert_from(b.body, 'UTF8')::jsonb->>'orderversion')::bigint = h.version)",
    ),
    (
        "a message takes effect in one transaction",
        "SELECT order_id, message, count(DISTINCT tx) FROM (
             SELECT tenant_id, order_id, tx, convert_from(body, 'UTF8')::jsonb->>'causationid' AS message FROM outbox) o
         WHERE message IS NOT NULL GROUP BY tenant_id, order_id, message HAVING count(DISTINCT tx) > 1",
    ),
    (
        "inventory and shipping are asked for each thing once",
        "SELECT order_id, routing_key, data, count(*) FROM (
             SELECT tenant_id, order_id, routing_key, convert_from(body, 'UTF8')::jsonb->'data' AS data FROM outbox
             WHERE exchange = 'orders.commands' AND (routing_key LIKE 'inventory.%' OR routing_key LIKE 'shipping.%')) o
         GROUP BY tenant_id, order_id, routing_key, data HAVING count(*) > 1",
    ),
    (
        "an order comes into each status of its life once",
        "SELECT order_id, action, count(*) FROM order_history
         WHERE action IN ('created', 'confirmed', 'processing', 'completed', 'stock_rejected', 'expired', 'cancelled')
         GROUP BY tenant_id, order_id, action HAVING count(*) > 1",
    ),
    (
        "nobody owes anything for an order that has come to its end",
        "SELECT id, status, balances FROM orders WHERE status IN ('completed', 'cancelled')
             AND (coalesce((balances->>'receivable')::bigint, 0) <> 0 OR coalesce((balances->>'authorized')::bigint, 0) <> 0)",
    ),
    (
        "an order that came to nothing holds no stock",
        "SELECT id, status, stock_status FROM orders WHERE status IN ('cancelled', 'rejected', 'expired')
             AND stock_status IN ('requested', 'reserved', 'committing', 'committed')",
    ),
    (
        "paid means that what is due was taken",
        "SELECT id, balances FROM orders WHERE payment_status = 'paid'
             AND coalesce((balances->>'captured')::bigint, 0) <> -coalesce((balances->>'sales')::bigint, 0)",
    ),
    (
        "delivered means that every unit is",
        "SELECT o.id, l.id AS line FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
         WHERE o.fulfillment_status = 'delivered' AND l.requires_shipping AND l.delivered <> l.ordered - l.cancelled",
    ),
    (
        "an operation that succeeded is in the ledger once",
        "SELECT p.id, p.kind FROM payment_operations p
         LEFT JOIN ledger l ON l.tenant_id = p.tenant_id AND l.operation_id = p.id
             AND (l.fact, l.account) IN (('captured', 'captured'), ('refund_succeeded', 'refunded'))
         WHERE p.kind IN ('capture', 'refund') GROUP BY p.tenant_id, p.id, p.kind, p.state
         HAVING count(l.account) <> CASE p.state WHEN 'succeeded' THEN 1 ELSE 0 END",
    ),
    (
        "nobody gets back more than was taken",
        "SELECT id, balances FROM orders
         WHERE coalesce((balances->>'captured')::bigint, 0) + coalesce((balances->>'refunded')::bigint, 0)
             + coalesce((balances->>'refund_pending')::bigint, 0) < 0",
    ),
    (
        "tokens are erased once a payment is settled",
        "SELECT p.id FROM payments p WHERE token_sealed IS NOT NULL AND EXISTS (
             SELECT FROM payment_operations o WHERE o.tenant_id = p.tenant_id AND o.payment_id = p.id AND o.state IN ('succeeded', 'failed'))",
    ),
];

impl Sql {
    /// Every violation of the rules that hold for all orders: the rule and the offending rows.
    ///
    /// # Panics
    /// When PostgreSQL is away.
    pub async fn violations(&self) -> Vec<(&'static str, Vec<Value>)> {
        let mut violations = Vec::new();
        for (rule, query) in RULES {
            let rows = self.rows(query).await;
            if !rows.is_empty() {
                violations.push((rule, rows));
            }
        }
        violations
    }

    /// Asserts that there are none.
    ///
    /// # Panics
    /// When there are.
    pub async fn assert_books_are_right(&self) {
        let violations = self.violations().await;
        assert!(violations.is_empty(), "{violations:#?}");
    }
}
