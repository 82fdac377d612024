//! docs/signing.md is the profile for those who sign: its example is the code's, and it names every reason and every limit.

use super::*;
use crate::signature::{
    MAX_AGE_S, MAX_AHEAD_S, MAX_COMPONENTS, MAX_FIELD_LEN, MAX_NONCE_LEN, MIN_NONCE_LEN, Reason, base::required_components,
};

const DOCUMENT: &str = include_str!("../../../../docs/signing.md");
const KEY_ID: &str = "key_0190a1b2c3d47e5f8091a2b3c4d5e6f7_0190a1b2c3d57e6f8192a3b4c5d6e7f8";
const SECRET: &str = "osk_ZG9jdW1lbnRhdGlvbi1vbmx5LW5vdC1hLXNlY3JldC0";
const CREATED: i64 = 1_767_225_600;

/// The fenced block that begins with `first`, without its last line end.
fn block(first: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once("\n```text\n").unwrap();
    let start = rest.find(first).unwrap_or_else(|| panic!("no block begins with {first}"));
    rest[start..].split_once("\n```").unwrap().0
}

fn example() -> Request {
    let mut request = Request::get();
    request.method = "POST".into();
    request.path = "/v1/orders".into();
    request.query = Some("expand=payments".into());
    request.body = br#"{"currency":"EUR"}"#.to_vec();
    request.set("content-type", "application/json");
    request.set("idempotency-key", "order-4711");
    request
}

#[test]
fn the_example_is_what_we_sign() {
    let mut request = example();
    let signed = sign(&request.parts(), KEY_ID, SECRET.as_bytes(), CREATED, "3fjQ2mS9bVxW1k0T").unwrap();
    request.attach(&signed);
    let fields = ["Content-Digest", "Signature-Input", "Signature"].map(|name| format!("{name}: {}", request.field(name)));
    assert_eq!(block("Content-Digest: "), fields.join("\n"));
    let unverified = Unverified::parse(&request.parts()).unwrap();
    assert_eq!(block("\"@method\": "), unverified.base());
    assert!(DOCUMENT.contains(KEY_ID) && DOCUMENT.contains(SECRET) && DOCUMENT.contains(&CREATED.to_string()));
    unverified.verify(Some(SECRET.as_bytes()), CREATED).unwrap();
}

#[test]
fn every_reason_has_its_row_in_the_order_in_which_they_are_tested() {
    let told: Vec<&str> = DOCUMENT.lines().filter(|line| line.contains("`signature_")).filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(told, Reason::ALL.map(Reason::as_str));
}

#[test]
fn what_must_be_covered_and_every_limit_is_told() {
    let mut request = Request::post();
    request.headers.insert("x-other", HeaderValue::from_static("1"));
    for component in required_components(&request.parts()) {
        assert!(DOCUMENT.contains(&format!("`{component}`")), "{component}");
    }
    for limit in [
        format!("more than {MAX_AGE_S} s ago"),
        format!("more than {MAX_AHEAD_S} s ahead"),
        format!("{MIN_NONCE_LEN} to {MAX_NONCE_LEN} visible ASCII"),
        format!("{} KiB long", MAX_FIELD_LEN / 1024),
        format!("cover {MAX_COMPONENTS} components"),
    ] {
        assert!(DOCUMENT.contains(&limit), "{limit}");
    }
}
