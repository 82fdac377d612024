//! What must hold for every order of a database, whatever happened to it: the audit that tests end with.

use serde_json::Value;

use super::Sql;

/// Each rule as a query for what breaks it; every row found is a violation.
const RULES: [(&str, &str); 7] = [
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
