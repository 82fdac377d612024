//! Mistakes that somebody could really make, planted on purpose: the audit that finds nothing in the service must find each of them.

use std::collections::BTreeSet;

use shared::chaos::{CrashPoint, PlantedBug};
use tests::{Caller, Options, Process, Program, Stack, sample};

use crate::{
    crash_points::{operation::Operation, scene::Scene},
    invariants,
};

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
