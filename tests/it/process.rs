//! The life of a process: its configuration, its health, what it does without a server, its metrics, its end.

use std::{net::TcpListener, time::Duration};

use serde_json::Value;
use tests::{Options, Process, Program, Stack, sample, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Nobody listens there.
const NOBODY: &str = "127.0.0.1:1";

#[tokio::test]
async fn a_bad_environment_is_told_whole_and_at_once() {
    let environment = [
        ("PORT", "http".to_owned()),
        ("LOG_LEVEL", "loud=very".to_owned()),
        ("DATABASE_POOL_SIZE", "0".to_owned()),
        ("DATABASE_URL", "mysql://db".to_owned()),
        ("KEYS_ENCRYPTION", "v1:short".to_owned()),
        ("OPERATOR_KEY", "osk_short".to_owned()),
    ];
    let output = Program::Standalone.run(&[], &environment).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    for variable in [
        "PORT",
        "LOG_LEVEL",
        "DATABASE_POOL_SIZE",
        "DATABASE_URL",
        "KEYS_ENCRYPTION",
        "OPERATOR_KEY",
        "REDIS_URL",
        "AMQP_URL",
        "PAYMENT_SERVICE_URL",
        "PAYMENT_SERVICE_KEY_ID",
        "PAYMENT_SERVICE_SECRET",
        "PAYMENT_WEBHOOK_SECRETS",
    ] {
        assert_eq!(said.matches(&format!("\n  {variable}: ")).count(), 1, "{variable} in: {said}");
    }
    assert!(!said.contains("v1:short") && !said.contains("osk_short") && !said.contains("mysql"), "values may be secrets: {said}");
}

#[tokio::test]
async fn production_refuses_what_is_good_enough_for_a_laptop() {
    let stack = Stack::start(Options::http()).await;
    let mut environment = stack.environment().to_vec();
    environment.push(("ENVIRONMENT", "production".to_owned()));
    let output = Program::Standalone.run(&[], &environment).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    for variable in ["DATABASE_URL", "REDIS_URL", "AMQP_URL", "PAYMENT_SERVICE_URL"] {
        assert!(said.contains(&format!("\n  {variable}: ")), "{variable} in: {said}");
    }
}

#[tokio::test]
async fn a_taken_port_is_told_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let stack = Stack::start(Options::http()).await;
    let mut environment = stack.environment().to_vec();
    environment.push(("PORT", port.to_string()));
    let output = Program::Standalone.run(&["--only", "get-order"], &environment).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("port {port} on 127.0.0.1 is taken by another process; set PORT to a free port")), "{said}");
}

#[tokio::test]
async fn without_postgresql_a_process_lives_and_says_that_it_is_not_ready() {
    let stack = Stack::start(Options::http().set("DATABASE_URL", &format!("postgres://{NOBODY}/orders"))).await;
    let url = stack.url();
    assert_eq!(stack.fetch(&format!("{url}/healthz")).await.0, 200);
    let (status, body) = stack.fetch(&format!("{url}/readyz")).await;
    assert_eq!((status, body.contains("postgresql")), (503, true), "{body}");

    let key = tests::Key {
        tenant_id: String::new(),
        key_id: "key_0198f000000070008000000000000001_0198f000000070008000000000000002".to_owned(),
        secret: "osk_any".to_owned(),
    };
    let answer = stack.caller(key).get("/v1/orders").send().await;
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.problem(503, "dependency_unavailable")["retryable"], true);
}

#[tokio::test]
async fn without_redis_requests_work_and_are_counted() {
    let stack = Stack::start(Options::http().set("REDIS_URL", &format!("redis://{NOBODY}/0"))).await;
    let caller = stack.tenant().await;
    caller.place(&sample::order()).await;
    let readyz = format!("{}/readyz", stack.url());
    until("Redis is said to be missing, and the process to be of use all the same", async || {
        caller.get("/v1/orders").send().await.expect(200);
        (stack.fetch(&readyz).await == (200, r#"{"status":"ready","degraded":["redis"]}"#.to_owned())).then_some(())
    })
    .await;
    assert!(counter(&stack.metrics().await, "admitted_without_redis_total") >= 1);
}

#[tokio::test]
async fn without_the_broker_orders_are_taken_and_published_later() {
    let stack =
        Stack::start(Options::http().only("create-order,get-order,outbox-relay").set("AMQP_URL", &format!("amqp://{NOBODY}"))).await;
    let order = stack.tenant().await.place(&sample::order()).await;
    assert_eq!(order["status"], "pending");
    assert!(stack.sql().count("outbox WHERE published_at IS NULL").await > 0);
    assert_eq!(stack.fetch(&format!("{}/readyz", stack.url())).await.0, 200);
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_ends_with_zero() {
    let mut stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let (method, path, headers, body) = caller.post("/v1/orders").new_key().json(&sample::order()).into_parts();
    let port = stack.service.port("server.port");
    let mut slow = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in &headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    slow.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let (first, rest) = body.split_at(10);
    slow.write_all(first).await.unwrap();
    // A request whose answer has come was read after the slow one's head: both are the same process's work.
    caller.get("/v1/orders").send().await.expect(200);

    stack.service.signal(nix::sys::signal::Signal::SIGTERM);
    let refused = async || TcpStream::connect(("127.0.0.1", port)).await.is_err().then_some(());
    until("new connections are refused", refused).await;
    slow.write_all(rest).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    assert_eq!(stack.service.ended().await.code(), Some(0));
    assert_eq!(stack.sql().count("orders").await, 1);
}

#[tokio::test]
async fn a_whole_process_stops_within_seconds_and_with_zero() {
    let mut stack = Stack::start(Options::whole()).await;
    stack.tenant().await.place(&sample::order()).await;
    let asked = std::time::Instant::now();
    assert_eq!(stack.service.stop().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn traffic_shows_in_the_metrics() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    for _ in 0..2 {
        caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    }
    caller.get("/v1/orders").unsigned().send().await.problem(401, "signature_missing");
    let order = caller.get("/v1/orders").send().await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    caller.order_once(&order, "status", "completed").await;
    let metrics = stack.metrics().await;
    for (name, at_least) in [
        ("http_requests_total{function=\"create-order\",status=\"201\"}", 2),
        ("http_requests_total{function=\"list-orders\",status=\"401\"}", 1),
        ("idempotency_total{result=\"first\"}", 1),
        ("idempotency_total{result=\"replayed\"}", 1),
        ("signature_rejections_total{reason=\"missing\"}", 1),
        ("payment_operations_total{kind=\"capture\",outcome=\"succeeded\"}", 1),
        ("messages_total{consumer=\"on-shipment-event\",outcome=\"done\"}", 4),
        ("outbox_published_total", 10),
    ] {
        assert!(counter(&metrics, name) >= at_least, "{name} in:\n{metrics}");
    }
    assert!(metrics.contains("http_request_duration_seconds_bucket{"), "{metrics}");
    assert!(!metrics.contains(&caller.key.tenant_id), "labels are few and closed");
}

#[tokio::test]
async fn metrics_are_not_on_the_port_of_requests() {
    let stack = Stack::start(Options::http()).await;
    assert_eq!(stack.fetch(&format!("{}/metrics", stack.url())).await.0, 404);
    assert_eq!(stack.fetch(&format!("{}/version", stack.url())).await.0, 200);
}

#[tokio::test]
async fn what_does_not_exist_is_a_problem_too() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.get("/v2/orders").send().await.problem(404, "not_found");
    let answer = caller.request(http::Method::DELETE, "/v1/orders").send().await;
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
    answer.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn every_log_line_is_one_json_object_with_its_level_and_time() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    caller.order_once(order["id"].as_str().unwrap(), "status", "completed").await;
    for line in stack.logs().lines() {
        for member in ["@timestamp", "log.level", "message", "service.name"] {
            assert!(line[member].is_string(), "{member} in {line}");
        }
    }
    assert_eq!(stack.service.stderr(), "");
}

#[tokio::test]
async fn an_unknown_function_is_told_with_those_there_are() {
    let output = Program::Standalone.run(&["--only", "place-order"], &[]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("place-order") && said.contains("create-order"), "{said}");
}

#[tokio::test]
async fn a_process_may_host_one_function_only() {
    let stack = Stack::start(Options::http()).await;
    let reader: Process = stack.another(&["--only", "get-order"]).await;
    let address = format!("http://127.0.0.1:{}/v1/orders", reader.port("server.port"));
    assert_eq!(stack.fetch(&address).await.0, 404);
}

/// The value of a counter in an exposition; the name ends with its labels, if it has any. Zero when it is not there.
fn counter(exposition: &str, name: &str) -> u64 {
    let line = exposition.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| serde_json::from_str::<Value>(value.trim()).unwrap().as_u64().unwrap())
}
