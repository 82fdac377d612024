//! Who may come in: signatures, scopes, standing, for every endpoint alike.

use tests::{Answer, Caller, Key, Options, Request, Stack, sample, until};

/// The profile as callers know it.
const DOCUMENT: &str = include_str!("../../docs/signing.md");

/// What is done to the signature of a POST, and the reason that its refusal gives.
type Flaw = (fn(Request<'_>) -> Request<'_>, &'static str);

const FLAWS: [Flaw; 11] = [
    (|request| request.unsigned(), "missing"),
    (|request| request.header_after_signing("signature-input", "nonsense"), "malformed"),
    (|request| request.header_after_signing("dry-run", "true"), "missing-component"),
    (|request| request.header_after_signing("if-match", "\"1\""), "missing-component"),
    (|request| request.signed_in_s(-302), "clock-skew"),
    (|request| request.signed_in_s(90), "clock-skew"),
    (|request| request.body_after_signing(sample::with_token("tok_mine").to_string()), "digest-mismatch"),
    (|request| request.secret("osk_wrong"), "mac-mismatch"),
    (|request| request.header_after_signing("idempotency-key", "another"), "mac-mismatch"),
    (|request| request.header_after_signing("content-type", "text/json"), "mac-mismatch"),
    (|request| request.header_after_signing("content-digest", "sha-512=:AAAA:"), "malformed"),
];

#[tokio::test]
async fn each_flaw_is_refused_for_its_reason_and_told_how_to_mend_it() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    for (spoil, reason) in FLAWS {
        let answer = spoil(caller.post("/v1/orders").new_key().json(&sample::order())).send().await;
        assert_tells_all(answer, reason);
    }
    let stranger = caller.with_key(Key { key_id: unknown_key(&caller), ..caller.key.clone() });
    assert_tells_all(stranger.get("/v1/orders").send().await, "unknown-key");
    assert_eq!(stack.sql().count("orders").await, 0);
}

/// A 401 with everything that its caller needs, in the words of the document.
#[track_caller]
fn assert_tells_all(answer: Answer, reason: &str) {
    let code = format!("signature_{}", reason.replace('-', "_"));
    assert!(DOCUMENT.contains(&format!("| `{reason}` | `{code}` |")), "the document has no row for {reason}");
    assert_eq!(answer.header("www-authenticate"), "Signature");
    let accepted = answer.header("accept-signature").to_owned();
    let problem = answer.problem(401, &code);
    assert_eq!(problem["reason"], reason);
    assert!(problem["detail"].is_string());
    let now = jiff::Timestamp::now();
    let server_time: jiff::Timestamp = problem["server_time"].as_str().unwrap().parse().unwrap();
    assert!(now.duration_since(server_time).abs().as_secs() < 60, "{server_time}");
    let required: Vec<&str> = problem["required_components"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(required[..3], ["@method", "@path", "@query"]);
    let covered = required.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ");
    assert!(accepted.contains(&format!("({covered})")) && accepted.contains("tag=\"orders-v1\""), "{accepted}");
}

#[tokio::test]
async fn a_nonce_counts_once() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let get = || caller.get("/v1/orders").nonce("nonce-0001").send();
    get().await.expect(200);
    assert_tells_all(get().await, "replayed");
}

#[tokio::test]
async fn the_path_and_the_query_are_signed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let (_, _, headers, _) = caller.get("/v1/orders?limit=1").into_parts();
    let mut other = caller.get("/v1/orders?limit=2").unsigned();
    for (name, value) in &headers {
        other = other.header(name.as_str(), value.to_str().unwrap());
    }
    other.send().await.problem(401, "signature_mac_mismatch");
}

#[tokio::test]
async fn a_key_without_the_scope_is_told_which_one() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    stack.sql().execute("UPDATE api_keys SET scopes = '{orders:read}'").await.unwrap();
    caller.get("/v1/orders").send().await.expect(200);
    let problem = caller.post("/v1/orders").new_key().json(&sample::order()).send().await.problem(403, "insufficient_scope");
    assert_eq!(problem["required_scope"], "orders:write");
}

#[tokio::test]
async fn a_suspended_tenant_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let id = tests::raw_id(&caller.key.tenant_id);
    stack.sql().execute(&format!("UPDATE tenants SET status = 'suspended' WHERE tenant_id = '{id}'")).await.unwrap();
    caller.get("/v1/orders").send().await.problem(403, "tenant_suspended");
}

#[tokio::test]
async fn a_revoked_key_stops_working_within_seconds() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.get("/v1/orders").send().await.expect(200);
    let revoked = std::time::Instant::now();
    stack.sql().execute("UPDATE api_keys SET revoked_at = now()").await.unwrap();
    let refused =
        until("the key is refused", async || Some(caller.get("/v1/orders").send().await).filter(|answer| answer.status != 200)).await;
    assert!(revoked.elapsed().as_secs() <= 6, "after {:?}", revoked.elapsed());
    refused.problem(401, "signature_unknown_key");
}

#[tokio::test]
async fn an_expired_key_is_unknown() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    stack.sql().execute("UPDATE api_keys SET expires_at = now() - interval '1 second'").await.unwrap();
    caller.get("/v1/orders").send().await.problem(401, "signature_unknown_key");
}

/// A key id in the right form that nobody holds.
fn unknown_key(caller: &Caller) -> String {
    let (tenant_part, _) = caller.key.key_id.rsplit_once('_').unwrap();
    format!("{tenant_part}_{}", "0".repeat(32))
}
