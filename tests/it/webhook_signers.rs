//! Programs that sign webhooks and share no code with us: the one of docs/webhooks.md, taken from the document, and the library of the
//! specification as it is.

use std::process::{Output, Stdio};

use serde_json::json;
use tests::{Options, Stack, WEBHOOK_PATH, WEBHOOK_SECRET, sample};
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::signers::{fixture, installed, program};

const DOCUMENT: &str = include_str!("../../docs/webhooks.md");
const ANOTHER_SECRET: &str = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3RzLi4=";

/// Runs a program that pushes one webhook, `ID BODY`, and prints the answer's status.
async fn push(command: &[&str], input: &str, url: &str, secret: &str, body: &str) -> Output {
    let mut process = Command::new(command[0]);
    process.args(&command[1..]).args(["msg_1842", body]).kill_on_drop(true);
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    process.env("WEBHOOK_URL", url).env("WEBHOOK_SECRET", secret);
    let mut child = process.spawn().unwrap_or_else(|error| panic!("{} cannot be started: {error}", command[0]));
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    child.wait_with_output().await.unwrap()
}

/// Pays an order by what a program pushes, with a text in it that is not ASCII.
async fn pays_an_order(command: &[&str], input: &str) {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let placed = caller.place(&sample::order()).await;
    let order = caller.order(placed["id"].as_str().unwrap()).await;
    let body = json!({ "type": "payment.captured", "timestamp": "2026-11-22T10:00:00Z", "data": {
        "id": order["payments"][0]["operations"][0]["id"], "kind": "capture", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": "größer 🍵", "occurred_at": "2026-11-22T10:00:00Z",
        "tenant_id": caller.key.tenant_id, "order_id": order["id"],
    }});
    let (url, body) = (format!("{}{WEBHOOK_PATH}", stack.url()), body.to_string());
    let refused = push(command, input, &url, ANOTHER_SECRET, &body).await;
    assert!(!refused.status.success(), "another secret is refused: {refused:?}");
    let pushed = push(command, input, &url, WEBHOOK_SECRET, &body).await;
    assert_eq!(String::from_utf8_lossy(&pushed.stdout).trim(), "204", "{pushed:?}");
    assert_eq!(caller.order(placed["id"].as_str().unwrap()).await["payment_status"], "paid");
}

#[tokio::test]
async fn the_program_of_the_document_on_webhooks_is_understood() {
    pays_an_order(&["python3", "-"], program(DOCUMENT, "python")).await;
}

#[tokio::test]
async fn the_library_of_standard_webhooks_is_understood() {
    let python = installed("TEST_SIGNERS_PYTHON");
    pays_an_order(&[&python, &fixture("standard_webhooks.py")], "").await;
}
