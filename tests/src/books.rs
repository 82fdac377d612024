//! What must hold for every order of a database, whatever happened to it: the audit that tests end with.

use serde_json::Value;

use super::Sql;

/// What the rules speak of: `money`, what the operations of each tender have moved and may still move, without what came undone; `sums`,
/// the orders with what their own rows say, each a positive number of minor units.
const WITH: &str = "WITH money AS (
    SELECT tenant_id, order_id, payment_id, bool_or(conflicted) AS conflicted,
        coalesce(sum(settled_amount) FILTER (WHERE kind = 'authorize' AND undone_at IS NULL), 0) AS authorized,
        coalesce(sum(settled_amount) FILTER (WHERE kind = 'void'), 0) AS voided,
        coalesce(sum(settled_amount) FILTER (WHERE kind = 'capture'), 0) AS captured,
        coalesce(sum(settled_amount) FILTER (WHERE kind = 'refund' AND undone_at IS NULL), 0) AS refunded,
        coalesce(sum(amount) FILTER (WHERE kind = 'capture' AND state IN ('requested', 'sent', 'unknown')), 0) AS capturing,
        coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND state IN ('requested', 'sent', 'unknown')), 0) AS refunding
    FROM payment_operations GROUP BY tenant_id, order_id, payment_id
),
sums AS (
    SELECT tenant_id, id, status, payment_status, balances,
        -coalesce((balances->>'sales')::bigint, 0) AS due, coalesce((balances->>'authorized')::bigint, 0) AS authorized,
        coalesce((balances->>'captured')::bigint, 0) AS captured, -coalesce((balances->>'refunded')::bigint, 0) AS refunded,
        -coalesce((balances->>'refund_pending')::bigint, 0) AS refunding
    FROM orders
)";

/// Each rule as a query for what breaks it; every row found is a violation.
const RULES: [(&str, &str); 20] = [
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
             AND b.republishes IS NULL
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
        "nobody owes anything for an order that has come to its end, unless a person is waited for",
        "SELECT id, status, balances FROM orders o WHERE status IN ('completed', 'cancelled')
             AND (coalesce((balances->>'receivable')::bigint, 0) <> 0 OR coalesce((balances->>'authorized')::bigint, 0) <> 0)
             AND NOT EXISTS (SELECT FROM payment_operations p
                 WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.attention IS NOT NULL)",
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
        "captures stay within their tender, those under way included",
        "SELECT p.id, p.amount, m.captured, m.capturing FROM payments p JOIN money m ON m.tenant_id = p.tenant_id AND m.payment_id = p.id
         WHERE m.captured + m.capturing > p.amount AND NOT m.conflicted",
    ),
    (
        "refunds stay within what their tender captured, those under way included",
        "SELECT payment_id, captured, refunded, refunding FROM money WHERE refunded + refunding > captured AND NOT conflicted",
    ),
    (
        "the balances of an order are the sums of its tenders",
        "SELECT o.id, o.balances, t.* FROM sums o
         LEFT JOIN LATERAL (
             SELECT coalesce(sum(greatest(authorized - captured - voided, 0)), 0) AS authorized, coalesce(sum(captured), 0) AS captured,
                 coalesce(sum(refunded), 0) AS refunded, coalesce(sum(refunding), 0) AS refunding
             FROM money m WHERE m.tenant_id = o.tenant_id AND m.order_id = o.id
         ) t ON true
         WHERE (o.authorized, o.captured, o.refunded, o.refunding) IS DISTINCT FROM (t.authorized, t.captured, t.refunded, t.refunding)",
    ),
    (
        "the payment status is what due, captured, refunded and authorized make it",
        "SELECT o.id, o.payment_status, o.balances FROM sums o
         WHERE o.payment_status <> ALL (CASE
             WHEN due = 0 AND captured = 0 AND authorized = 0 THEN '{voided,not_required}'::text[]
             WHEN captured > 0 AND refunded >= captured THEN '{refunded}'
             WHEN captured > 0 AND refunded > 0 THEN '{partially_refunded}'
             WHEN captured > 0 AND captured > due THEN '{overpaid}'
             WHEN captured > 0 AND captured = due THEN '{paid}'
             WHEN captured > 0 THEN '{partially_paid}'
             WHEN authorized >= due THEN '{authorized}'
             WHEN authorized > 0 THEN '{partially_authorized}'
             WHEN EXISTS (SELECT FROM payment_operations p WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id
                 AND p.state IN ('requested', 'sent', 'unknown')) THEN '{pending}'
             ELSE '{failed,unpaid}' END)",
    ),
    (
        "a cancelled order has nothing of anybody, unless a person or an answer is waited for",
        "SELECT o.id, o.balances FROM sums o
         WHERE o.status = 'cancelled' AND (due <> 0 OR authorized <> 0 OR captured <> refunded) AND NOT EXISTS (
             SELECT FROM payment_operations p WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id
             AND (p.attention IS NOT NULL OR p.state IN ('requested', 'sent', 'unknown')))",
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
            let rows = self.rows(&format!("{WITH} {query}")).await;
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
