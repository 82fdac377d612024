//! The published contract, tried by a stranger: schemathesis reads the document, makes thousands of requests that fit it and that do
//! not, and holds every answer against it.

use std::path::Path;

use shared::domain::permissions::Permission;
use tests::{Options, Stack, WEBHOOK_SECRET};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Names the program; `cargo xtask test` installs it and sets this.
const PROGRAM: &str = "TEST_SCHEMATHESIS";
/// Stands where a signature will be; see `hooks.py`.
const PLACEHOLDER: &str = "to-be-signed";
/// Where it stands: what the profile of keys needs, and what webhooks do.
const PLACES: [&str; 6] = ["Signature", "Signature-Input", "Content-Digest", "webhook-id", "webhook-timestamp", "webhook-signature"];
/// Requests that are made up for one operation in one phase, and seconds for all of them.
const EXAMPLES: &str = "25";
const SECONDS: &str = "60";

/// What answers for longer than a made-up request may take: streams for minutes, a wait for half of one.
const LASTING: [&str; 3] = ["stream-order", "stream-orders", "wait-order"];

#[tokio::test]
async fn the_service_keeps_the_contract_that_it_publishes() {
    let program = std::env::var(PROGRAM).unwrap_or_else(|_| panic!("{PROGRAM} is not set: run this with `cargo xtask test`"));
    let stack = Stack::start(Options::http()).await;
    // A tenant's key that bears `admin` could not be rotated by its tenant.
    let scopes: Vec<_> = Permission::ALL.iter().copied().filter(|scope| *scope != Permission::Admin).collect();
    let (caller, operator) = (stack.tenant_with_scopes(&scopes).await, stack.operator());
    let folder = Path::new(ROOT).join("tests/schemathesis");
    let headers = PLACES.map(|name| format!("{name}: {PLACEHOLDER}"));
    let mut command = tokio::process::Command::new(program);
    command
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", "--url", &stack.url(), "--checks", "all", "--max-examples", EXAMPLES, "--max-time", SECONDS, "--no-color"])
        .args(LASTING.iter().flat_map(|function| ["--exclude-operation-id", function]))
        .args(headers.iter().flat_map(|header| ["--header", header]))
        .arg(Path::new(ROOT).join("docs/openapi.json"))
        // It leaves notes for its next run; they are nobody's.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ORDERS_PLACEHOLDER", PLACEHOLDER)
        .env("ORDERS_KEY_ID", &caller.key.key_id)
        .env("ORDERS_SECRET", &caller.key.secret)
        .env("ORDERS_OPERATOR_KEY_ID", &operator.key.key_id)
        .env("ORDERS_OPERATOR_SECRET", &operator.key.secret)
        .env("PAYMENT_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .kill_on_drop(true);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // A run in which nothing was signed would find no fault with all its 401s.
    assert!(stack.sql().count("orders").await > 0, "no order was placed: {said}");
    let kept = stack.sql().count("dead_letters WHERE source = '/webhooks/payments'").await;
    assert!(kept > 0, "no webhook for somebody unknown was kept: {said}");
    assert!(stack.logs().lines().iter().all(|line| line["log.level"] != "error"), "an error was logged: {said}");
}
