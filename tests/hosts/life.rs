//! A function in a process of its own: what SIGTERM finds under way is finished, nothing new is taken, and the exit is clean.

use nix::sys::signal::Signal;
use serde_json::json;
use tests::{Options, Partner, Process, Program, Stack, sample, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[tokio::test]
async fn an_endpoint_answers_what_is_under_way() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let process = Process::start(Program::Function("create-order"), &[], stack.environment()).await;
    let (_, path, headers, body) = caller.post("/v1/orders").new_key().json(&sample::order()).into_parts();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let answer = answer_over_a_stop(process, &path, &headers, &body).await;
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    assert_eq!(stack.sql().count("orders").await, 1);
}

#[tokio::test]
async fn a_consumer_settles_what_is_under_way() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    let process = Process::start(Program::Function("on-inventory-event"), &[], stack.environment()).await;
    let data = json!({ "reservation_id": format!("{id}:1"), "order_id": id });
    let event = Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, id, &data);
    let headers = [("content-type", shared::cloudevents::CONTENT_TYPE)];
    let answer = answer_over_a_stop(process, "/", &headers, &event.encode_structured()).await;
    assert!(answer.starts_with("HTTP/1.1 204 No Content"), "{answer}");
    assert_eq!(caller.order(id).await["status"], "awaiting_payment");
}

/// Sends half a request, stops the process, sends the rest and returns the answer.
async fn answer_over_a_stop(mut process: Process, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let port = process.port("server.port");
    let mut slow = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    slow.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    // The process asks for the body once it works on the request.
    let mut go_on = [0; 25];
    slow.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    process.signal(Signal::SIGTERM);
    let refused = async || TcpStream::connect(("127.0.0.1", port)).await.is_err().then_some(());
    until("new connections are refused", refused).await;
    slow.write_all(body).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert_eq!(process.ended().await.code(), Some(0));
    answer
}
