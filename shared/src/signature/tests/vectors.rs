//! Vectors printed by `tests/fixtures/sign_orders_v1.py`, which shares no code with this room.
//!
//! They pin both directions: our signer prints the same bytes, our verifier accepts them.

use super::*;

const COVERED_POST: &str = r#"("@method" "@path" "@query" "content-digest" "content-type" "idempotency-key" "if-match" "dry-run")"#;

#[test]
fn a_post_with_every_field_is_signed_as_the_independent_signer_does() {
    let request = Request::post().signed("nonce-0001");
    assert_eq!(request.field("content-digest"), "sha-256=:3acK08Krtpj6c5xq+YyIdwYqwwbTEKm4F4fT6ZvKvSg=:");
    assert_eq!(
        request.field("signature-input"),
        format!(r#"sig1={COVERED_POST};created=1700000000;keyid="key_0198_test";nonce="nonce-0001";tag="orders-v1""#)
    );
    assert_eq!(request.field("signature"), "sig1=:Qk+F3Ou6EKerm3z6MG7TbKpYxiLcsr9blD1yA4AG7ys=:");
    let verified = request.verify().unwrap();
    assert_eq!(verified, Verified { key_id: KEY_ID.into(), nonce: "nonce-0001".into(), created_unix: CREATED });
}

#[test]
fn a_bare_get_is_signed_as_the_independent_signer_does() {
    let request = Request::get().signed("nonce-0002");
    assert!(!request.headers.contains_key("content-digest"));
    assert_eq!(request.field("signature"), "sig1=:ghgFxr489oHr+Lenb/UBdbmcDcSfLTMTF4wfB+592XQ=:");
    request.verify().unwrap();
}

/// Signs `base` with its parameters exactly as `member` spells them, the way a foreign signer would.
fn sign_by_hand(request: &mut Request, base: &str, label: &str, member: &str) {
    use base64::Engine as _;
    use hmac::Mac;
    let mac = sign::mac(SECRET, &format!("{base}\"@signature-params\": {member}"));
    let mac = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    request.set("signature-input", &format!("{label}={member}"));
    request.set("signature", &format!("{label}=:{mac}:"));
}

#[test]
fn parameters_may_come_in_any_order_and_spelling() {
    let mut request = Request::get();
    let base = "\"@query\": ?\n\"@path\": /v1/orders/ord_1\n\"@method\": GET\n";
    let member =
        r#"( "@query"  "@path" "@method" ); tag="orders-v1";nonce="n\"once\\1";alg="hmac-sha256";x=1.5; keyid="k";created=1700000000"#;
    sign_by_hand(&mut request, base, "their-label", member);
    let verified = request.verify().unwrap();
    assert_eq!((verified.key_id.as_str(), verified.nonce.as_str()), ("k", r#"n"once\1"#));
}

#[test]
fn further_fields_may_be_covered_and_their_lines_are_joined() {
    let mut request = Request::get();
    request.headers.append("x-trace", HeaderValue::from_static("  one "));
    request.headers.append("x-trace", HeaderValue::from_static("two"));
    let base = "\"@method\": GET\n\"@path\": /v1/orders/ord_1\n\"@query\": ?\n\"x-trace\": one, two\n";
    let member = r#"("@method" "@path" "@query" "x-trace");created=1700000000;keyid="k";nonce="12345678";tag="orders-v1""#;
    sign_by_hand(&mut request, base, "sig1", member);
    request.verify().unwrap();
}

#[test]
fn a_signature_of_another_profile_may_stand_beside_ours() {
    let mut request = Request::get().signed("nonce-0003");
    let (input, signature) = (request.field("signature-input"), request.field("signature"));
    request.set("signature-input", &format!(r#"proxy=("@authority");tag="a,b\"c", {input}"#));
    request.set("signature", &format!("proxy=:AAAA:, {signature}"));
    request.verify().unwrap();

    request.headers.remove("signature-input");
    request.headers.append("signature-input", HeaderValue::from_static(r#"proxy=("@authority")"#));
    request.headers.append("signature-input", HeaderValue::from_str(&input).unwrap());
    request.verify().unwrap();
}

#[test]
fn an_empty_path_signs_as_a_slash_and_an_empty_query_as_none() {
    let mut request = Request::get();
    request.path = String::new();
    let mut request = request.signed("nonce-0004");
    request.path = "/".into();
    request.query = Some(String::new());
    request.verify().unwrap();
}

#[test]
fn what_no_receiver_would_accept_is_not_signed() {
    let mut request = Request::get();
    for (key_id, nonce) in [("", "nonce-0001"), ("key 1", "nonce-0001"), ("key_1", "short"), ("key_1", "nonce\n0001")] {
        assert!(sign(&request.parts(), key_id, SECRET, CREATED, nonce).is_err(), "{key_id} {nonce}");
    }
    request.path = "/v1/ä".into();
    assert!(sign(&request.parts(), KEY_ID, SECRET, CREATED, "nonce-0001").is_err());
}
