//! Who may come in: signatures, scopes, standing, for every endpoint alike.

use tests::{Caller, Key, Options, Stack, sample, until};

#[tokio::test]
async fn an_unsigned_request_is_told_what_to_sign() {
    let stack = Stack::start(Options::http()).await;
    let answer = stack.tenant().await.post("/v1/orders").new_key().json(&sample::order()).unsigned().send().await;
    let wanted = answer.header("accept-signature").to_owned();
    for part in ["\"@method\"", "\"@path\"", "\"content-digest\"", "\"idempotency-key\"", "tag=\"orders-v1\""] {
        assert!(wanted.contains(part), "{part} is not in {wanted}");
    }
    let problem = answer.problem(401, "signature_missing");
    assert_eq!(problem["reason"], "missing");
    assert!(problem["required_components"].is_array() && problem["server_time"].is_number() || problem["server_time"].is_string());
}

#[tokio::test]
async fn each_flaw_of_a_signature_has_its_code() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let request = || caller.post("/v1/orders").new_key().json(&sample::order());
    let other_body = sample::with_token("tok_mine").to_string();
    for (request, code) in [
        (request().secret("osk_wrong"), "signature_mac_mismatch"),
        (request().signed_in_s(-301), "signature_clock_skew"),
        (request().signed_in_s(90), "signature_clock_skew"),
        (request().body_after_signing(other_body), "signature_digest_mismatch"),
        (request().header_after_signing("idempotency-key", "another"), "signature_mac_mismatch"),
        (request().header_after_signing("signature-input", "nonsense"), "signature_malformed"),
    ] {
        request.send().await.problem(401, code);
    }
    let stranger = caller.with_key(Key { key_id: unknown_key(&caller), ..caller.key.clone() });
    stranger.get("/v1/orders").send().await.problem(401, "signature_unknown_key");
    assert_eq!(stack.sql().count("orders").await, 0);
}

#[tokio::test]
async fn a_nonce_counts_once() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let get = || caller.get("/v1/orders").nonce("nonce-0001").send();
    get().await.expect(200);
    get().await.problem(401, "signature_replayed");
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

#[tokio::test]
async fn a_signer_that_shares_no_code_with_us_is_understood() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = sample::order().to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sign_orders_v1.py");
    let arguments = [script, "POST", "/v1/orders", "", &body, &caller.key.key_id, &caller.key.secret];
    let headers = ["-H", "Content-Type: application/json", "-H", "Idempotency-Key: from-python"];
    let output = tokio::process::Command::new("python3").args(arguments).args(headers).output().await;
    let output = output.unwrap_or_else(|error| panic!("python3 is needed for this test and cannot be started: {error}"));
    assert!(output.status.success(), "{output:?}");

    let mut request = caller.post("/v1/orders").unsigned().bytes(body);
    for line in ["Content-Type: application/json", "Idempotency-Key: from-python"]
        .into_iter()
        .chain(std::str::from_utf8(&output.stdout).unwrap().lines())
    {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.send().await.expect(201);
}

/// A key id in the right form that nobody holds.
fn unknown_key(caller: &Caller) -> String {
    let (tenant_part, _) = caller.key.key_id.rsplit_once('_').unwrap();
    format!("{tenant_part}_{}", "0".repeat(32))
}
