//! Mistakes that somebody could really make, planted on purpose: the audit that finds nothing in the service must find each of them.

use std::{collections::BTreeSet, time::Duration};

use shared::chaos::{CrashPoint, PlantedBug};
use tests::{Caller, Options, Process, Program, Stack, sample, until, within};

use crate::{
    crash_points::{operation::Operation, scene::Scene},
    invariants,
};

/// How long a service with a planted bug gets for what it may never come to.
const PATIENCE_WITH_A_BUG: Duration = Duration::from_secs(5);

/// Asserts that one of the findings breaks this rule.
#[track_caller]
fn assert_broken(rule: &str, findings: &BTreeSet<String>) {
    assert!(findings.iter().any(|finding| finding.starts_with(rule)), "nobody noticed; found: {findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_without_an_inbox_is_caught() {
    let mut scene = Scene::with_bug(Operation::LateStockAnswer, PlantedBug::NoInbox).await;
    let findings = scene.crash(Operation::LateStockAnswer, CrashPoint::MessageBeforeAck).await;
    assert_broken("inventory and shipping are asked for each thing once", &findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_commit_is_caught() {
    let mut scene = Scene::with_bug(Operation::StockAnswer, PlantedBug::AckBeforeCommit).await;
    let findings = scene.crash(Operation::StockAnswer, CrashPoint::ChangeBeforeCommit).await;
    assert_broken("what was asked for happens once: 0 rows", &findings);
    assert_broken("an order comes to its end", &findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_keeps_its_first_tenant_is_caught() {
    const RULE: &str = "an acknowledged order is shown to its tenant";
    let stack = Stack::start(Options::http()).await;
    let mut placed = Vec::new();
    for _ in 0..2 {
        let caller = stack.tenant().await;
        let order = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
        placed.push((caller, order));
    }
    let found_by = async |program, bug: &str| {
        let bug = [("DATABASE_POOL_SIZE", "1".to_owned()), ("PLANTED_BUG", bug.to_owned())];
        let process = Process::start(program, &["--only", "get-order"], &[stack.environment(), &bug].concat()).await;
        let port = process.port("server.port");
        let there: Vec<(Caller, String)> = placed.iter().map(|(caller, order)| (caller.at(port), order.clone())).collect();
        invariants::findings(&stack, &stack.sql(), &there).await
    };
    let without = found_by(Program::Standalone, PlantedBug::TenantNotSet.as_str()).await;
    assert!(!without.iter().any(|finding| finding.starts_with(RULE)), "{without:#?}");
    assert_broken(RULE, &found_by(Program::StandaloneChaos, PlantedBug::TenantNotSet.as_str()).await);
}

/// What nobody takes must stay in the outbox until somebody does.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_publishes_without_mandatory_is_caught() {
    const RULE: &str = "what counts as published was received";
    assert_eq!(unreceived(Program::Standalone, RULE).await, BTreeSet::new());
    assert_broken(RULE, &unreceived(Program::StandaloneChaos, RULE).await);
}

/// Commands that count as published and reached no partner, after a partner that came late has had time to hear of each.
async fn unreceived(program: Program, rule: &str) -> BTreeSet<String> {
    let stack = Stack::start(Options::broker().except(&["outbox-relay"])).await;
    let (sql, partner) = (stack.sql(), stack.partner().await);
    stack.tenant().await.place(&sample::order()).await;
    let relay = relay(&stack, program, PlantedBug::NoMandatory).await;
    let tried = async || {
        let is_refused =
            relay.logs().lines().iter().any(|line| line["message"].as_str().is_some_and(|text| text.contains("refuses a message")));
        (is_refused || sql.count("outbox WHERE exchange = 'orders.commands' AND published_at IS NOT NULL").await > 0).then_some(())
    };
    until("the relay has tried to publish a command that no queue takes", tried).await;
    let mut commands = partner.listen_to_commands().await;
    let heard = tokio::time::timeout(PATIENCE_WITH_A_BUG, commands.next()).await.ok().map(|event| event.id);
    let published = "SELECT 'evt_' || replace(event_id::text, '-', '') AS id FROM outbox
                     WHERE exchange = 'orders.commands' AND published_at IS NOT NULL ORDER BY seq LIMIT 1";
    let published = sql.value(published).await;
    published.as_str().filter(|id| heard.as_deref() != Some(*id)).map(|id| format!("{rule}: {id}")).into_iter().collect()
}

/// A transaction gets its place in the outbox before it commits, and a later place may be committed and published by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_with_a_watermark_is_caught() {
    const RULE: &str = "every message of the outbox is published";
    assert_eq!(overtaken(Program::Standalone).await, BTreeSet::new());
    assert_broken(RULE, &overtaken(Program::StandaloneChaos).await);
}

/// What the audit finds after a message that committed late.
async fn overtaken(program: Program) -> BTreeSet<String> {
    let stack = Stack::start(Options::broker().except(&["outbox-relay"])).await;
    let (sql, caller) = (stack.sql(), stack.tenant_without_stock().await);
    let unpaid = sample::with(|order| order["payments"] = serde_json::json!([]));
    let first = caller.place(&unpaid).await;
    // Its message is one that is not committed yet.
    sql.execute("CREATE TABLE late AS SELECT * FROM outbox; DELETE FROM outbox").await.unwrap();
    let mut late = sql.pool().acquire().await.unwrap();
    let begun = "BEGIN; INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at)
                 SELECT tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at FROM late";
    sqlx::raw_sql(begun).execute(&mut *late).await.unwrap();
    let second = caller.place(&unpaid).await;
    let relay = relay(&stack, program, PlantedBug::WatermarkRelay).await;
    let second_is_published = async || (sql.count("outbox WHERE published_at IS NOT NULL").await == 1).then_some(());
    until("what came later is published", second_is_published).await;
    sqlx::raw_sql("COMMIT").execute(&mut *late).await.unwrap();
    let placed = [first, second].map(|order| (caller.clone(), order["id"].as_str().unwrap().to_owned()));
    let findings = async || invariants::findings(&stack, &sql, &placed).await;
    within(PATIENCE_WITH_A_BUG, async || findings().await.is_empty().then_some(())).await;
    drop(relay);
    findings().await
}

/// A relay in a process of its own, with a bug if its program can have one.
async fn relay(stack: &Stack, program: Program, bug: PlantedBug) -> Process {
    let environment = [stack.environment(), &[("PLANTED_BUG", bug.to_string())]].concat();
    Process::start(program, &["--only", "outbox-relay"], &environment).await
}
