//! `kill -9` at every named step of every write road: the process dies there, comes back, the caller or the broker tries again, and the
//! audit finds nothing.
//!
//! `table` says which operation is killed where, `operation` what the operations are, `scene` how one dies.
//! `CRASH_POINTS=<point>,…` chooses points, `CRASH_REPEAT=<n>` kills at each so often (`cargo xtask chaos crashpoints`).

pub mod operation;
pub mod scene;
mod table;

use std::time::Instant;

use shared::chaos::CrashPoint;
use tests::{Options, Process, Program, Stack, sample};

use self::{operation::Operation, scene::Scene};

/// Kills an operation at each of its points and expects the audit to find nothing.
async fn survives(operation: Operation) {
    let chosen: Vec<CrashPoint> = table::points(operation).filter(is_chosen).collect();
    if chosen.is_empty() {
        return;
    }
    let mut scene = Scene::start(operation).await;
    let mut failures = Vec::new();
    for point in chosen.iter().cycle().take(chosen.len() * repeats()) {
        let started = Instant::now();
        let findings = scene.crash(operation, *point).await;
        let outcome = if findings.is_empty() { "held" } else { "FAILED" };
        // Read by `cargo xtask chaos crashpoints`.
        println!("crash at {point} of {}: {outcome} in {:.1} s", operation.name(), started.elapsed().as_secs_f32());
        failures.extend(findings.into_iter().map(|finding| format!("{point}: {finding}")));
    }
    assert!(failures.is_empty(), "{} does not survive:\n{}", operation.name(), failures.join("\n"));
}

fn is_chosen(point: &CrashPoint) -> bool {
    std::env::var("CRASH_POINTS").map_or(true, |points| points.split(',').any(|chosen| chosen == point.as_str()))
}

fn repeats() -> usize {
    std::env::var("CRASH_REPEAT").map_or(1, |times| times.parse().expect("CRASH_REPEAT is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn create_order_survives_every_crash() {
    survives(Operation::CreateOrder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_payment_survives_every_crash() {
    survives(Operation::CreatePayment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_order_survives_every_crash() {
    survives(Operation::CancelOrder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn capture_payment_survives_every_crash() {
    survives(Operation::CapturePayment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn void_payment_survives_every_crash() {
    survives(Operation::VoidPayment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refund_order_survives_every_crash() {
    survives(Operation::RefundOrder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_api_key_survives_every_crash() {
    survives(Operation::CreateApiKey).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_answer_survives_every_crash() {
    survives(Operation::StockAnswer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_stock_answers_survive_every_crash() {
    survives(Operation::StockAnswers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_stock_answer_survives_every_crash() {
    survives(Operation::LateStockAnswer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_event_survives_every_crash() {
    survives(Operation::PaymentEvent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_webhook_survives_every_crash() {
    survives(Operation::PaymentWebhook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shipment_report_survives_every_crash() {
    survives(Operation::ShipmentReport).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_event_survives_every_crash() {
    survives(Operation::EarlyEvent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_an_operation_survives_every_crash() {
    survives(Operation::Send).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_its_answer_survives_every_crash() {
    survives(Operation::RecordAnswer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_survives_every_crash() {
    survives(Operation::Publish).await;
}

#[tokio::test]
async fn an_ordinary_build_knows_no_crash_point() {
    let names = |program: Program| {
        let binary = std::fs::read(program.path()).unwrap();
        ["CRASH_AT", "PLANTED_BUG"].map(|name| binary.windows(name.len()).any(|bytes| bytes == name.as_bytes()))
    };
    assert_eq!((names(Program::StandaloneChaos), names(Program::Standalone)), ([true; 2], [false; 2]));
    let point = CrashPoint::CreateBeforeStatement.as_str();
    let stack = Stack::start(Options::http().set("CRASH_AT", point).set("PLANTED_BUG", "no_inbox")).await;
    stack.tenant().await.place(&sample::order()).await;
}

#[tokio::test]
async fn a_chaos_build_refuses_a_point_that_it_does_not_know() {
    let stack = Stack::start(Options::http()).await;
    let environment = [stack.environment(), &[("CRASH_AT", "no_such_point".to_owned())]].concat();
    let mut process = Process::start(Program::StandaloneChaos, &["--only", "create-order"], &environment).await;
    let caller = stack.tenant().await.at(process.port("server.port"));
    caller.post("/v1/orders").new_key().json(&sample::order()).try_send().await.unwrap_err();
    process.ended().await;
    assert_eq!(process.stderr().trim_end(), "CRASH_AT does not know \"no_such_point\"");
}
