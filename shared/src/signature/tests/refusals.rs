//! Every way to be refused, with the exact reason and a word of its detail.

use super::*;
use crate::signature::Reason::{self, *};

/// One change to a rightly signed POST, the reason it must be refused for, and a part of the detail.
type Case = (&'static str, fn(&mut Request), Reason, &'static str);

/// Replaces text in `Signature-Input`, which no longer fits the MAC; the test proves that the earlier reason wins.
fn edit(request: &mut Request, from: &str, to: &str) {
    let before = request.field("signature-input");
    assert!(before.contains(from), "the case edits nothing: {from}");
    request.set("signature-input", &before.replace(from, to));
}

/// Parameters that are malformed by themselves.
const PARAMETERS: &[Case] = &[
    ("no created", |r| edit(r, "created=1700000000;", ""), Malformed, "`created` is absent"),
    ("created as text", |r| edit(r, "created=1700000000", "created=\"1700000000\""), Malformed, "`created`"),
    ("created as decimal", |r| edit(r, "created=1700000000", "created=1.5"), Malformed, "`created`"),
    ("created beyond 15 digits", |r| edit(r, "=1700000000", "=1700000000000000"), Malformed, "structured"),
    ("expires as text", |r| edit(r, "created=", "expires=\"1\";created="), Malformed, "`expires`"),
    ("no keyid", |r| edit(r, "keyid=\"key_0198_test\";", ""), Malformed, "`keyid` is absent"),
    ("keyid as token", |r| edit(r, "\"key_0198_test\"", "key_0198_test"), Malformed, "`keyid`"),
    ("empty keyid", |r| edit(r, "key_0198_test", ""), Malformed, "`keyid`"),
    ("keyid of 129", |r| edit(r, "key_0198_test", &"k".repeat(129)), Malformed, "`keyid`"),
    ("keyid with a space", |r| edit(r, "key_0198_test", "key 0198"), Malformed, "`keyid`"),
    ("no nonce", |r| edit(r, "nonce=\"nonce-0001\";", ""), Malformed, "`nonce` is absent"),
    ("nonce of 7", |r| edit(r, "nonce-0001", "1234567"), Malformed, "`nonce`"),
    ("nonce of 65", |r| edit(r, "nonce-0001", &"n".repeat(65)), Malformed, "`nonce`"),
    ("nonce with a space", |r| edit(r, "nonce-0001", "nonce 0001"), Malformed, "`nonce`"),
    ("nonce as bytes", |r| edit(r, "\"nonce-0001\"", ":bm9uY2U=:"), Malformed, "`nonce`"),
    ("no tag", |r| edit(r, ";tag=\"orders-v1\"", ""), Malformed, "tag="),
    ("another tag", |r| edit(r, "orders-v1", "orders-v2"), Malformed, "tag="),
    ("tag as token", |r| edit(r, "\"orders-v1\"", "orders-v1"), Malformed, "tag="),
    ("another algorithm", |r| edit(r, ";tag", ";alg=\"rsa-pss-sha512\";tag"), Malformed, "`alg`"),
    ("algorithm as token", |r| edit(r, ";tag", ";alg=hmac-sha256;tag"), Malformed, "`alg`"),
];

/// Covered components that the profile refuses, or that are absent.
const COMPONENTS: &[Case] = &[
    ("covers @authority", |r| edit(r, "\"@query\"", "\"@query\" \"@authority\""), Malformed, "`@authority`"),
    ("covers @scheme", |r| edit(r, "\"@query\"", "\"@query\" \"@scheme\""), Malformed, "`@scheme`"),
    ("covers @target-uri", |r| edit(r, "\"@query\"", "\"@query\" \"@target-uri\""), Malformed, "`@target-uri`"),
    ("covers an unknown one", |r| edit(r, "\"@query\"", "\"@query\" \"@moon\""), Malformed, "`@moon`"),
    ("covers @status", |r| edit(r, "\"@query\"", "\"@query\" \"@status\""), Malformed, "`@status`"),
    ("covers one twice", |r| edit(r, "\"@path\"", "\"@path\" \"@path\""), Malformed, "covered twice"),
    ("parameter sf", |r| edit(r, "\"content-type\"", "\"content-type\";sf"), Malformed, "`sf`"),
    ("parameter bs", |r| edit(r, "\"content-type\"", "\"content-type\";bs"), Malformed, "`bs`"),
    ("parameter req", |r| edit(r, "\"@method\"", "\"@method\";req"), Malformed, "`req`"),
    ("upper case", |r| edit(r, "\"content-type\"", "\"Content-Type\""), Malformed, "lower-case"),
    ("component as token", |r| edit(r, "\"@method\"", "method"), Malformed, "not a string"),
    ("empty component", |r| edit(r, "\"@method\"", "\"\""), Malformed, "lower-case"),
    ("65 components", |r| edit(r, "\"@method\"", &"\"@method\" ".repeat(65)), Malformed, "more than 64"),
    ("not covering @method", |r| edit(r, "\"@method\" ", ""), MissingComponent, "`@method`"),
    ("not covering @path", |r| edit(r, "\"@path\" ", ""), MissingComponent, "`@path`"),
    ("not covering @query", |r| edit(r, "\"@query\" ", ""), MissingComponent, "`@query`"),
    ("not covering the body", |r| edit(r, "\"content-digest\" ", ""), MissingComponent, "`content-digest`"),
    ("not covering its type", |r| edit(r, "\"content-type\" ", ""), MissingComponent, "`content-type`"),
    ("not covering the key", |r| edit(r, "\"idempotency-key\" ", ""), MissingComponent, "`idempotency-key`"),
    ("not covering if-match", |r| edit(r, "\"if-match\" ", ""), MissingComponent, "`if-match`"),
    ("not covering dry-run", |r| edit(r, " \"dry-run\"", ""), MissingComponent, "`dry-run`"),
    ("covering nothing", |r| edit(r, &covered(r), ""), MissingComponent, "`@method`"),
    ("covering an absent field", |r| edit(r, "\"@query\"", "\"@query\" \"x-none\""), MissingComponent, "`x-none`"),
    ("a covered field is gone", |r| drop_field(r, "if-match"), MissingComponent, "`if-match`"),
    ("the digest is gone", |r| drop_field(r, "content-digest"), MissingComponent, "`content-digest`"),
];

/// Fields that are absent or unreadable as a whole.
const FIELDS: &[Case] = &[
    ("no signature at all", |r| r.headers.clear(), Missing, "`signature-input`"),
    ("no Signature-Input", |r| drop_field(r, "signature-input"), Missing, "`signature-input`"),
    ("no Signature", |r| drop_field(r, "signature"), Missing, "`signature`"),
    ("empty Signature-Input", |r| r.set("signature-input", ""), Malformed, "form label="),
    ("Signature-Input is prose", |r| r.set("signature-input", "yes, please"), Malformed, "form label="),
    ("no list", |r| r.set("signature-input", "sig1=?1"), Malformed, "not a list"),
    ("an open list", |r| r.set("signature-input", "sig1=(\"@method\""), Malformed, "structured"),
    ("an open string", |r| r.set("signature-input", "sig1=(\"@method"), Malformed, "structured"),
    ("a trailing comma", |r| edit(r, "sig1=", "sig0=(),,sig1="), Malformed, "form label="),
    ("upper-case label", |r| edit(r, "sig1=", "Sig1="), Malformed, "structured"),
    ("one label twice", |r| edit(r, "sig1=", "sig1=(), sig1="), Malformed, "twice"),
    ("the tag twice", |r| edit(r, "sig1=", "sig0=();tag=\"orders-v1\", sig1="), Malformed, "more than one"),
    ("huge Signature-Input", |r| edit(r, "sig1=", &format!("sig0=(\"{}\"), sig1=", "a".repeat(9000))), Malformed, "longer"),
    ("huge Signature", |r| r.set("signature", &format!("sig1=:{}:", "AAAA".repeat(3000))), Malformed, "longer"),
    ("Signature is prose", |r| r.set("signature", "!"), Malformed, "structured"),
    ("another label", |r| r.set("signature", "sig2=:AAAA:"), Malformed, "no member `sig1`"),
    ("MAC as text", |r| r.set("signature", "sig1=\"AAAA\""), Malformed, "byte sequence"),
    ("MAC too short", |r| r.set("signature", "sig1=:AAAA:"), Malformed, "32 bytes"),
    ("MAC is not base64", |r| r.set("signature", "sig1=:%%%%:"), Malformed, "structured"),
    ("digest is prose", |r| r.set("content-digest", "sha-256"), Malformed, "byte sequence"),
    ("digest of sha-512 alone", |r| r.set("content-digest", "sha-512=:AAAA:"), Malformed, "no member `sha-256`"),
    ("digest too short", |r| r.set("content-digest", "sha-256=:AAAA:"), Malformed, "32 bytes"),
    ("a covered field is not ASCII", |r| set_opaque(r, "if-match"), Malformed, "ASCII"),
    ("the path is not ASCII", |r| r.path = "/v1/ä".into(), Malformed, "`@path`"),
    ("the path has a line end", |r| r.path = "/v1\n\"@query\": ?".into(), Malformed, "`@path`"),
    ("the query has a space", |r| r.query = Some("a b".into()), Malformed, "`@query`"),
    ("the method is empty of sense", |r| r.method = "GE T".into(), Malformed, "`@method`"),
];

/// What only shows when the key is known.
const CHANGES: &[Case] = &[
    ("another body", |r| r.body.push(b' '), DigestMismatch, "body"),
    ("another method", |r| r.method = "PUT".into(), MacMismatch, "fit"),
    ("another path", |r| r.path.push('/'), MacMismatch, "fit"),
    ("path of other case", |r| r.path = "/v1/Orders".into(), MacMismatch, "fit"),
    ("another query", |r| r.query = Some("expand=lines".into()), MacMismatch, "fit"),
    ("decoded query", |r| r.query = Some("expand=lines&dry=+x".into()), MacMismatch, "fit"),
    ("no query", |r| r.query = None, MacMismatch, "fit"),
    ("another Idempotency-Key", |r| r.set("idempotency-key", "order-4712"), MacMismatch, "fit"),
    ("another If-Match", |r| r.set("if-match", "\"4\""), MacMismatch, "fit"),
    ("another Dry-Run", |r| r.set("dry-run", "false"), MacMismatch, "fit"),
    ("another Content-Type", |r| r.set("content-type", "text/plain"), MacMismatch, "fit"),
    ("a second If-Match", add_if_match, MacMismatch, "fit"),
    ("another key", |r| edit(r, "key_0198_test", "key_0199_test"), MacMismatch, "fit"),
    ("another nonce", |r| edit(r, "nonce-0001", "nonce-0002"), MacMismatch, "fit"),
    ("components in another order", |r| edit(r, "\"@method\" \"@path\"", "\"@path\" \"@method\""), MacMismatch, "fit"),
    ("parameters respelt", |r| edit(r, ";nonce", "; nonce"), MacMismatch, "fit"),
    ("created moved by a second", |r| edit(r, "1700000000", "1700000001"), MacMismatch, "fit"),
    ("created 301 s ago", |r| edit(r, "1700000000", "1699999704"), ClockSkew, "301 s ago"),
    ("created 61 s ahead", |r| edit(r, "1700000000", "1700000066"), ClockSkew, "61 s in the future"),
    ("created before time itself", |r| edit(r, "1700000000", "-999999999999999"), ClockSkew, "ago"),
    ("expired", |r| edit(r, ";keyid", ";expires=1700000004;keyid"), ClockSkew, "expires"),
];

fn covered(request: &Request) -> String {
    let input = request.field("signature-input");
    input["sig1=(".len()..input.find(')').unwrap()].to_owned()
}

fn drop_field(request: &mut Request, name: &str) {
    assert!(request.headers.remove(name).is_some());
}

fn add_if_match(request: &mut Request) {
    request.headers.append("if-match", HeaderValue::from_static("\"4\""));
}

fn set_opaque(request: &mut Request, name: &'static str) {
    request.headers.insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
}

#[test]
fn each_fault_is_refused_for_its_own_reason() {
    let signed = Request::post().signed("nonce-0001");
    signed.verify().unwrap();
    for (name, change, reason, detail) in [PARAMETERS, COMPONENTS, FIELDS, CHANGES].concat() {
        let mut request = signed.clone();
        change(&mut request);
        let rejection = request.verify().expect_err(name);
        assert_eq!(rejection.reason, reason, "{name}: {}", rejection.detail);
        assert!(rejection.detail.contains(detail), "{name}: {}", rejection.detail);
    }
}

#[test]
fn an_unknown_key_is_refused_as_such_even_when_nothing_else_fits() {
    let mut request = Request::post().signed("nonce-0001");
    request.body.push(b' ');
    let unverified = Unverified::parse(&request.parts()).unwrap();
    let rejection = unverified.verify(None, CREATED + 1_000_000).unwrap_err();
    assert_eq!(rejection.reason, UnknownKey);
}

#[test]
fn another_secret_is_a_mac_mismatch() {
    let request = Request::post().signed("nonce-0001");
    let unverified = Unverified::parse(&request.parts()).unwrap();
    assert_eq!(unverified.verify(Some(b"osk_other"), CREATED).unwrap_err().reason, MacMismatch);
}

#[test]
fn the_window_of_time_is_closed_at_both_ends() {
    let request = Request::get().signed("nonce-0001");
    for (now, accepted) in [(300, true), (301, false), (-60, true), (-61, false)] {
        let unverified = Unverified::parse(&request.parts()).unwrap();
        assert_eq!(unverified.verify(Some(SECRET), CREATED + now).is_ok(), accepted, "{now} s");
    }
}

#[test]
fn a_rejection_lists_what_this_very_request_must_cover() {
    let mut request = Request::get();
    assert_eq!(request.verify().unwrap_err().required_components, ["@method", "@path", "@query"]);
    request.set("if-match", "\"1\"");
    request.body = b"{}".to_vec();
    let required = request.verify().unwrap_err().required_components;
    assert_eq!(required, ["@method", "@path", "@query", "content-digest", "if-match"]);
}

#[test]
fn a_body_that_was_not_signed_is_not_accepted() {
    let mut request = Request::get().signed("nonce-0001");
    request.body = b"{}".to_vec();
    assert_eq!(request.verify().unwrap_err().reason, MissingComponent);
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    let names: std::collections::HashSet<_> = Reason::ALL.into_iter().map(Reason::as_str).collect();
    assert_eq!(names.len(), Reason::ALL.len());
}
