//! What is stored is judged: what is right passes, and each kind of damage is found by its name.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::domain::order::inspect::Discrepancy;
use tests::{Caller, Options, Process, Program, Stack, raw_id, sample};

/// How each kind of damage is done to the order `$id`, by one who may do anything.
fn damage(discrepancy: Discrepancy) -> &'static str {
    match discrepancy {
        Discrepancy::CreateKeyTwice => {
            "ALTER TABLE orders DROP CONSTRAINT orders_create_key_key;
             UPDATE orders SET create_key = (SELECT create_key FROM orders ORDER BY id LIMIT 1) WHERE id = '$id'"
        }
        Discrepancy::HistoryGap => "DELETE FROM order_history WHERE order_id = '$id' AND version = 2",
        Discrepancy::MessageMissing => "DELETE FROM outbox WHERE order_id = '$id'",
        Discrepancy::UnbalancedTransaction => "UPDATE ledger SET amount = amount + 1 WHERE order_id = '$id' AND account = 'sales'",
        Discrepancy::BalancesDiffer => "UPDATE ledger SET amount = amount / 2 WHERE order_id = '$id' AND fact = 'captured'",
        Discrepancy::OverCaptured => "UPDATE payments SET amount = 3489 WHERE order_id = '$id'",
        Discrepancy::OverRefunded => {
            "INSERT INTO payment_operations
                 (tenant_id, order_id, payment_id, id, kind, state, amount, reverse_on_success, conflicted, requested_at)
             SELECT tenant_id, order_id, payment_id, gen_random_uuid(), 'refund', 'sent', amount + 1, false, false, requested_at
             FROM payment_operations WHERE order_id = '$id'"
        }
        Discrepancy::PaymentStatusDiffers => "UPDATE orders SET payment_status = 'unpaid' WHERE id = '$id'",
        Discrepancy::FulfillmentStatusDiffers => "UPDATE orders SET fulfillment_status = 'shipped' WHERE id = '$id'",
        Discrepancy::QuantitiesDiffer => {
            "UPDATE fulfillment_lines SET quantity = 1 WHERE fulfillment_id = (SELECT id FROM fulfillments WHERE order_id = '$id')"
        }
        Discrepancy::StockHeld => {
            "UPDATE orders SET status = 'cancelled', updated_at = updated_at - interval '61 minutes' WHERE id = '$id'"
        }
        Discrepancy::Unreadable => "UPDATE orders SET currency = 'ZZZ' WHERE id = '$id'",
    }
}

#[tokio::test]
async fn what_is_right_passes_and_each_kind_of_damage_is_found_by_its_name() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    // The first is left as it is; the others are damaged, each in one way.
    let orders = complete(&caller, 1 + Discrepancy::ALL.len()).await;
    let (status, findings) = audit(&stack).await;
    assert_eq!((status, findings), (Some(0), BTreeMap::new()));
    let damaged: Vec<_> = Discrepancy::ALL.iter().copied().zip(&orders[1..]).collect();
    for (discrepancy, id) in &damaged {
        stack.sql().execute(&damage(*discrepancy).replace("$id", raw_id(id))).await.unwrap();
    }
    let (status, findings) = audit(&stack).await;
    assert_eq!(status, Some(1));
    for (discrepancy, id) in &damaged {
        let found = findings.get(discrepancy.as_str()).unwrap_or_else(|| panic!("no {discrepancy} in {findings:?}"));
        assert!(found.contains(id.as_str()), "{discrepancy} names {found} and not {id}");
    }
}

#[tokio::test]
async fn the_schedule_judges_what_changed_lately_and_tells_it_to_the_metrics() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let orders = complete(&caller, 2).await;
    let [damaged, old] = orders.as_slice() else { panic!("{orders:?}") };
    let damage = damage(Discrepancy::HistoryGap);
    stack.sql().execute(&damage.replace("$id", raw_id(damaged))).await.unwrap();
    stack.sql().execute(&damage.replace("$id", raw_id(old))).await.unwrap();
    let aged = format!("UPDATE orders SET updated_at = updated_at - interval '1 hour' WHERE id = '{}'", raw_id(old));
    stack.sql().execute(&aged).await.unwrap();
    let auditor = stack.another(&["--only", "audit-ledger"]).await;
    auditor.logs().find(|line| line["message"] == "failed").await.unwrap();
    let metrics = metrics_of(&stack, &auditor).await;
    for line in ["audit_orders 1", r#"audit_findings{kind="history_gap"} 1"#, r#"audit_findings{kind="unreadable"} 0"#] {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in {metrics}");
    }
    for name in ["outbox_oldest_unpublished_seconds", "deferred_messages_overdue_seconds", "payment_operations_unknown"] {
        assert!(metrics.contains(&format!("\n{name} 0")), "{name} is not in {metrics}");
    }
}

#[tokio::test]
async fn a_job_has_one_argument_and_only_where_it_makes_sense() {
    for (job, argument, refusal) in [
        ("audit-ledger", "--twice", "usage: audit-ledger [--once]"),
        ("outbox-relay", "--once", "outbox-relay runs all the time: it has no --once"),
    ] {
        let output = Program::Function(job).run(&[argument], &[]).await;
        assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().trim()), (Some(2), refusal));
    }
}

/// Places so many orders and follows them to their end.
async fn complete(caller: &Caller, count: usize) -> Vec<String> {
    let mut orders = Vec::new();
    for _ in 0..count {
        orders.push(caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned());
    }
    for id in &orders {
        caller.order_once(id, "status", "completed").await;
    }
    orders
}

/// Judges every order once: the exit status, and the orders named with each kind of finding.
async fn audit(stack: &Stack) -> (Option<i32>, BTreeMap<String, String>) {
    let output = stack.run(Program::Function("audit-ledger"), &["--once"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let member = |line: &Value, name: &str| line[name].as_str().map(str::to_owned);
    let findings = lines.filter_map(|line| Some((member(&line, "labels.finding")?, member(&line, "orders.examples")?)));
    (output.status.code(), findings.collect())
}

async fn metrics_of(stack: &Stack, process: &Process) -> String {
    let address = format!("http://127.0.0.1:{}/metrics", process.port("metrics.port"));
    stack.fetch(&address).await.1
}
