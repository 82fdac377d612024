//! Tests of the manifest reader, and the sample manifests that the generators' tests use too.

use super::{Trigger, duplicates, read};

/// A manifest as `functions/http/create-order/Cargo.toml` has it.
pub const CREATE_ORDER: &str = r#"
[package]
name = "create-order"
description = "Place an order, optionally with its payments"
version.workspace = true

[package.metadata.function]
kind = "http"
database_role = "orders_app"
memory_mb = 128
timeout_seconds = 10
scale = { min = 0, max = 20, concurrency = 80 }

[package.metadata.function.http]
route = "POST /v1/orders"
permission = "orders:write"
idempotency = "required"
if_match = "none"
success = 201
"#;

/// A consumer's manifest.
pub const ON_PAYMENT_EVENT: &str = r#"
[package]
name = "on-payment-event"
description = "Apply what the payment service reports"

[package.metadata.function]
kind = "consumer"
database_role = "orders_app"
memory_mb = 128
timeout_seconds = 30
scale = { min = 1, max = 10, concurrency = 1 }

[package.metadata.function.consumer]
queue = "order-service.payment-events"
prefetch = 32
bindings = [{ exchange = "payments.events", routing_keys = ["payment.#", "refund.#"] }]
sources = ["/payments"]
types = ["payment.authorized.v1"]
"#;

/// A job's manifest.
pub const OUTBOX_RELAY: &str = r#"
[package]
name = "outbox-relay"
description = "Publish what the outbox holds"

[package.metadata.function]
kind = "job"
database_role = "orders_relay"
memory_mb = 128
timeout_seconds = 60
scale = { min = 1, max = 2, concurrency = 1 }

[package.metadata.function.job]
schedule = "continuous"
"#;

fn error(text: &str) -> String {
    read(text, "http", "create-order").unwrap_err().to_string()
}

#[test]
fn reads_every_kind() {
    let http = read(CREATE_ORDER, "http", "create-order").unwrap();
    assert!(matches!(&http.trigger, Trigger::Http(http) if http.methods_and_paths().eq([("POST", "/v1/orders")])));
    assert_eq!(http.description, "Place an order, optionally with its payments");
    let consumer = read(ON_PAYMENT_EVENT, "consumers", "on-payment-event").unwrap();
    assert!(matches!(&consumer.trigger, Trigger::Consumer(consumer) if consumer.bindings.len() == 1));
    let job = read(OUTBOX_RELAY, "jobs", "outbox-relay").unwrap();
    assert!(matches!(&job.trigger, Trigger::Job(job) if job.schedule == "continuous"));
}

#[test]
fn refuses_what_does_not_fit_and_says_what() {
    for (from, to, named) in [
        ("memory_mb = 128", "memory_gb = 1", "memory_gb"),
        ("timeout_seconds = 10\n", "", "timeout_seconds"),
        ("success = 201", "success = 404", "404"),
        ("success = 201", "success = 201\nbody_max_mib = 6", "body_max_mib"),
        ("\"POST /v1/orders\"", "\"/v1/orders\"", "route"),
        ("\"POST /v1/orders\"", "[\"GET /v1/orders\", \"/v1/orders\"]", "route"),
        ("\"POST /v1/orders\"", "[]", "routes is empty"),
        ("orders:write", "Orders", "permission"),
        ("orders_app", "postgres", "database_role"),
        ("kind = \"http\"", "kind = \"job\"", "kind"),
        ("name = \"create-order\"", "name = \"create-orders\"", "its folder create-order"),
        ("idempotency = \"required\"", "idempotency = \"maybe\"", "maybe"),
        ("description = ", "homepage = ", "description"),
        ("[package.metadata.function.http]", "[package.metadata.function.job]", "idempotency"),
    ] {
        assert!(CREATE_ORDER.contains(from), "{from}");
        let message = error(&CREATE_ORDER.replace(from, to));
        assert!(message.contains(named), "{from} → {to}: {message}");
    }
}

#[test]
fn one_function_may_have_several_routes() {
    let text = CREATE_ORDER.replace("route = \"POST /v1/orders\"", "routes = [\"GET /docs\", \"GET /docs/page.js\"]");
    let function = read(&text, "http", "create-order").unwrap();
    let Trigger::Http(http) = &function.trigger else { panic!("{function:?}") };
    assert!(http.methods_and_paths().eq([("GET", "/docs"), ("GET", "/docs/page.js")]));
    let claimed_twice = read(&text.replace("/docs/page.js", "/docs"), "http", "create-order").unwrap();
    assert_eq!(duplicates(&[claimed_twice]), ["functions create-order and create-order have the same route GET /docs"]);
}

#[test]
fn refuses_a_schedule_nobody_knows() {
    for (schedule, fine) in [("once", true), ("rate(1 minute)", true), ("rate(0 minutes)", false), ("hourly", false)] {
        let text = OUTBOX_RELAY.replace("continuous", schedule);
        assert_eq!(read(&text, "jobs", "outbox-relay").is_ok(), fine, "{schedule}");
    }
}

#[test]
fn two_functions_cannot_have_one_route_or_queue() {
    let get = |name: &str, parameter: &str| {
        let route = format!("GET /v1/orders/{{{parameter}}}");
        let text = CREATE_ORDER.replace("POST /v1/orders", &route).replace("create-order", name);
        read(&text, "http", name).unwrap()
    };
    let found = duplicates(&[get("get-order", "order_id"), get("show-order", "id")]);
    assert_eq!(found, ["functions get-order and show-order have the same route GET /v1/orders/{}"]);
    let consumer = |name: &str| read(&ON_PAYMENT_EVENT.replace("on-payment-event", name), "consumers", name).unwrap();
    assert_eq!(duplicates(&[consumer("on-a"), consumer("on-b")]).len(), 1);
}
