//! What must hold once a service has come to rest, whatever was killed before: the audit that every crash is followed by. The planted
//! bugs show that it bites.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{Caller, Sql, Stack};

/// What a service at rest has none of.
const LEFTOVERS: [(&str, &str); 4] = [
    ("every message of the outbox is published", "SELECT order_id, routing_key FROM outbox WHERE published_at IS NULL"),
    ("no operation is open", "SELECT id, kind, state FROM payment_operations WHERE state IN ('requested', 'sent', 'unknown')"),
    ("no message is dead", "SELECT consumer, message_id, reason FROM dead_letters"),
    ("no message waits for another attempt", "SELECT consumer, message_id, reason FROM deferred_messages WHERE class = 'retry'"),
];

/// Everything that is wrong, a sentence each: the books, what is left over, what callers were promised, what the payment service says.
pub async fn findings(stack: &Stack, sql: &Sql, acknowledged: &[(Caller, String)]) -> BTreeSet<String> {
    let mut findings = BTreeSet::new();
    for (rule, rows) in sql.violations().await {
        findings.extend(rows.iter().map(|row| format!("{rule}: {row}")));
    }
    for (rule, query) in LEFTOVERS {
        findings.extend(sql.rows(query).await.iter().map(|row| format!("{rule}: {row}")));
    }
    findings.extend(broken_promises(sql, acknowledged).await);
    if stack.simulators.is_some() {
        findings.extend(disputed_operations(stack, sql).await);
        findings.extend(disputed_nets(stack, sql).await);
    }
    findings
}

/// An order that its tenant was told of is shown to it, and there is no other.
async fn broken_promises(sql: &Sql, acknowledged: &[(Caller, String)]) -> Vec<String> {
    let mut findings = Vec::new();
    for (caller, order) in acknowledged {
        let answer = caller.get(&format!("/v1/orders/{order}")).send().await;
        if answer.status != 200 {
            findings.push(format!("an acknowledged order is shown to its tenant: {order} is {}", answer.json()));
        }
    }
    let known: BTreeSet<&str> = acknowledged.iter().map(|(_, order)| order.as_str()).collect();
    for row in sql.rows("SELECT 'ord_' || replace(id::text, '-', '') AS id FROM orders").await {
        if row["id"].as_str().is_some_and(|id| !known.contains(id)) {
            findings.push(format!("every order was acknowledged: {row}"));
        }
    }
    findings
}

/// The payment service has carried out what we asked for, and nothing else.
async fn disputed_operations(stack: &Stack, sql: &Sql) -> Vec<String> {
    let theirs = (stack.payment_operations().await.iter())
        .map(|record| (id(record), json!([record["kind"], record["amount"], record["operation"]["status"]])))
        .collect();
    let ours = "SELECT 'op_' || replace(id::text, '-', '') AS id, kind, coalesce(settled_amount, amount) AS amount, state
                FROM payment_operations";
    let ours = (sql.rows(ours).await.iter()).map(|row| (id(row), json!([row["kind"], row["amount"], row["state"]]))).collect();
    let both: [BTreeMap<String, Value>; 2] = [ours, theirs];
    let ids: BTreeSet<&String> = both.iter().flat_map(BTreeMap::keys).collect();
    ids.into_iter()
        .filter(|id| both[0].get(*id) != both[1].get(*id))
        .map(|id| {
            format!("the payment service says what our books say: {id} is {:?} here and {:?} there", both[0].get(id), both[1].get(id))
        })
        .collect()
}

/// What each order's customer has paid, by the payment service's own books, is what our ledger says.
async fn disputed_nets(stack: &Stack, sql: &Sql) -> Vec<String> {
    let (_, books) = stack.fetch(&format!("{}/payments", stack.simulator_url())).await;
    let mut theirs: BTreeMap<String, i64> = BTreeMap::new();
    for book in serde_json::from_str::<Vec<Value>>(&books).unwrap() {
        *theirs.entry(book["order_id"].as_str().unwrap().to_owned()).or_default() += book["net"].as_i64().unwrap();
    }
    let ours = "SELECT 'ord_' || replace(id::text, '-', '') AS id,
                    coalesce((balances->>'captured')::bigint, 0) + coalesce((balances->>'refunded')::bigint, 0) AS net FROM orders";
    let orders = sql.rows(ours).await;
    let net = |order: &Value| theirs.get(&id(order)).copied().unwrap_or_default();
    let disputed = orders.iter().filter(|order| order["net"].as_i64() != Some(net(order)));
    disputed.map(|order| format!("a customer has paid what our ledger says: {order}, {} there", net(order))).collect()
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}
