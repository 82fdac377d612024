//! Every way to be refused, with the exact reason and a word of its detail.

use super::*;
use crate::signature::{
    Reason::{self, *},
    verify::DUMMY_SECRET,
};

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
    ("created as flag", |r| edit(r, "created=1700000000", "created"), Malformed, "`created`"),
    ("created as date", |r| edit(r, "created=1700000000", "created=@1700000000"), Malformed, "`created`"),
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
    ("nonce with a tab", |r| edit(r, "nonce-0001", "nonce\t0001"), Malformed, "structured"),
    ("nonce as integer", |r| edit(r, "\"nonce-0001\"", "12345678"), Malformed, "`nonce`"),
    ("nonce as bytes", |r| edit(r, "\"nonce-0001\"", ":bm9uY2U=:"), Malformed, "`nonce`"),
    ("no tag", |r| edit(r, ";tag=\"orders-v1\"", ""), Malformed, "tag="),
    ("another tag", |r| edit(r, "orders-v1", "orders-v2"), Malformed, "tag="),
    ("tag as token", |r| edit(r, "\"orders-v1\"", "orders-v1"), Malformed, "tag="),
    ("tag of other case", |r| edit(r, "orders-v1", "Orders-v1"), Malformed, "tag="),
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
    ("covers @request-target", |r| edit(r, "\"@query\"", "\"@query\" \"@request-target\""), Malformed, "`@request-target`"),
    ("covers one parameter", |r| edit(r, "\"@query\"", "\"@query-param\";name=\"expand\""), Malformed, "`name`"),
    ("covers its own parameters", |r| edit(r, "\"@query\"", "\"@query\" \"@signature-params\""), Malformed, "`@signature-params`"),
    ("covers one twice", |r| edit(r, "\"@path\"", "\"@path\" \"@path\""), Malformed, "covered twice"),
    ("parameter sf", |r| edit(r, "\"content-type\"", "\"content-type\";sf"), Malformed, "`sf`"),
    ("parameter bs", |r| edit(r, "\"content-type\"", "\"content-type\";bs"), Malformed, "`bs`"),
    ("parameter req", |r| edit(r, "\"@method\"", "\"@method\";req"), Malformed, "`req`"),
    ("parameter key", |r| edit(r, "\"content-digest\"", "\"content-digest\";key=\"sha-256\""), Malformed, "`key`"),
    ("parameter tr", |r| edit(r, "\"if-match\"", "\"if-match\";tr"), Malformed, "`tr`"),
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
    ("an uncovered field came twice", uncovered_twice, MissingComponent, "`dry-run`"),
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
    ("one label in two fields", |r| append(r, "signature-input", "sig1=()"), Malformed, "twice"),
    ("the tag twice", |r| edit(r, "sig1=", "sig0=();tag=\"orders-v1\", sig1="), Malformed, "more than one"),
    ("huge Signature-Input", |r| edit(r, "sig1=", &format!("sig0=(\"{}\"), sig1=", "a".repeat(9000))), Malformed, "longer"),
    ("huge Signature", |r| r.set("signature", &format!("sig1=:{}:", "AAAA".repeat(3000))), Malformed, "longer"),
    ("Signature is prose", |r| r.set("signature", "!"), Malformed, "structured"),
    ("another label", |r| r.set("signature", "sig2=:AAAA:"), Malformed, "no member `sig1`"),
    ("label of other case", |r| r.set("signature", "Sig1=:AAAA:"), Malformed, "structured"),
    ("Signature is empty", |r| r.set("signature", ""), Malformed, "no member `sig1`"),
    ("two tagged signatures", sign_twice, Malformed, "more than one"),
    ("MAC as text", |r| r.set("signature", "sig1=\"AAAA\""), Malformed, "byte sequence"),
    ("MAC too short", |r| r.set("signature", "sig1=:AAAA:"), Malformed, "32 bytes"),
    ("MAC too long", |r| r.set("signature", &format!("sig1=:{}:", "AAAA".repeat(11))), Malformed, "32 bytes"),
    ("MAC in hexadecimal", |r| r.set("signature", &format!("sig1={}", "a0".repeat(32))), Malformed, "byte sequence"),
    ("MAC without colons", |r| r.set("signature", "sig1=Qk+F3Ou6"), Malformed, "Signature"),
    ("MAC is not base64", |r| r.set("signature", "sig1=:%%%%:"), Malformed, "structured"),
    ("digest is prose", |r| r.set("content-digest", "sha-256"), Malformed, "byte sequence"),
    ("digest of sha-512 alone", |r| r.set("content-digest", "sha-512=:AAAA:"), Malformed, "no member `sha-256`"),
    ("digest too short", |r| r.set("content-digest", "sha-256=:AAAA:"), Malformed, "32 bytes"),
    ("digest is empty", |r| r.set("content-digest", ""), Malformed, "no member `sha-256`"),
    ("digest in hexadecimal", |r| r.set("content-digest", &format!("sha-256={}", "a0".repeat(32))), Malformed, "Content-Digest"),
    ("digest in the old syntax", |r| r.set("content-digest", "SHA-256=3acK08Krtpj6c5xq"), Malformed, "structured"),
    ("huge digest", |r| r.set("content-digest", &format!("sha-256=:{}:", "AAAA".repeat(3000))), Malformed, "longer"),
    ("a covered field is not ASCII", |r| set_opaque(r, "if-match"), Malformed, "ASCII"),
    ("the path is not ASCII", |r| r.path = "/v1/ä".into(), Malformed, "`@path`"),
    ("the path has a line end", |r| r.path = "/v1\n\"@query\": ?".into(), Malformed, "`@path`"),
    ("the query has a space", |r| r.query = Some("a b".into()), Malformed, "`@query`"),
    ("the method is empty of sense", |r| r.method = "GE T".into(), Malformed, "`@method`"),
];

/// The digest of `{}`.
const OTHER_DIGEST: &str = "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:";

/// What only shows when the key is known.
const CHANGES: &[Case] = &[
    ("another body", |r| r.body.push(b' '), DigestMismatch, "body"),
    ("a shorter body", |r| r.body.truncate(5), DigestMismatch, "body"),
    ("a body of other case", |r| r.body.make_ascii_uppercase(), DigestMismatch, "body"),
    ("the digest of another body", |r| r.set("content-digest", OTHER_DIGEST), DigestMismatch, "body"),
    ("another body with its digest", other_body, MacMismatch, "fit"),
    ("a second digest", |r| append(r, "content-digest", OTHER_DIGEST), DigestMismatch, "body"),
    ("a second digest, of sha-512", |r| append(r, "content-digest", "sha-512=:AAAA:"), MacMismatch, "fit"),
    ("another method", |r| r.method = "PUT".into(), MacMismatch, "fit"),
    ("another path", |r| r.path.push('/'), MacMismatch, "fit"),
    ("path of other case", |r| r.path = "/v1/Orders".into(), MacMismatch, "fit"),
    ("another query", |r| r.query = Some("expand=lines".into()), MacMismatch, "fit"),
    ("a query encoded otherwise", |r| r.query = Some("expand=lines&dry=+x".into()), MacMismatch, "fit"),
    ("a query with escapes of other case", |r| r.query = Some("expand=line%73&dry=%20x".into()), MacMismatch, "fit"),
    ("a query in another order", |r| r.query = Some("dry=%20x&expand=lines".into()), MacMismatch, "fit"),
    ("no query", |r| r.query = None, MacMismatch, "fit"),
    ("an encoded path", |r| r.path = "/v1/%6frders".into(), MacMismatch, "fit"),
    ("a method of other case", |r| r.method = "post".into(), MacMismatch, "fit"),
    ("another Idempotency-Key", |r| r.set("idempotency-key", "order-4712"), MacMismatch, "fit"),
    ("another If-Match", |r| r.set("if-match", "\"4\""), MacMismatch, "fit"),
    ("another Dry-Run", |r| r.set("dry-run", "false"), MacMismatch, "fit"),
    ("another Content-Type", |r| r.set("content-type", "text/plain"), MacMismatch, "fit"),
    ("a second If-Match", |r| append(r, "if-match", "\"4\""), MacMismatch, "fit"),
    ("a second Idempotency-Key", |r| append(r, "idempotency-key", "order-4711"), MacMismatch, "fit"),
    ("another key", |r| edit(r, "key_0198_test", "key_0199_test"), MacMismatch, "fit"),
    ("another nonce", |r| edit(r, "nonce-0001", "nonce-0002"), MacMismatch, "fit"),
    ("components in another order", |r| edit(r, "\"@method\" \"@path\"", "\"@path\" \"@method\""), MacMismatch, "fit"),
    ("parameters respelt", |r| edit(r, ";nonce", "; nonce"), MacMismatch, "fit"),
    ("parameters in another order", parameters_reordered, MacMismatch, "fit"),
    ("a parameter more", |r| edit(r, ";tag", ";x=1;tag"), MacMismatch, "fit"),
    ("an algorithm more", |r| edit(r, ";tag", ";alg=\"hmac-sha256\";tag"), MacMismatch, "fit"),
    ("a field more", |r| edit(r, "\"dry-run\"", "\"dry-run\" \"signature\""), MacMismatch, "fit"),
    ("one bit of the MAC", |r| flip_mac(r), MacMismatch, "fit"),
    ("a MAC of zeros", |r| r.set("signature", &format!("sig1=:{}=:", "A".repeat(43))), MacMismatch, "fit"),
    ("the MAC of another request", mac_of_another, MacMismatch, "fit"),
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

fn append(request: &mut Request, name: &'static str, value: &'static str) {
    request.headers.append(name, HeaderValue::from_static(value));
}

/// A field that the signature does not cover, on two lines.
fn uncovered_twice(request: &mut Request) {
    edit(request, " \"dry-run\"", "");
    append(request, "dry-run", "true");
}

/// Two good signatures side by side: which of them counts must not be a matter of taste.
fn sign_twice(request: &mut Request) {
    for name in ["signature-input", "signature"] {
        let first = request.field(name);
        request.set(name, &format!("{first}, {}", first.replacen("sig1", "sig2", 1)));
    }
}

fn other_body(request: &mut Request) {
    request.body = b"{}".to_vec();
    request.set("content-digest", OTHER_DIGEST);
}

fn parameters_reordered(request: &mut Request) {
    edit(request, ";tag=\"orders-v1\"", "");
    edit(request, ";created", ";tag=\"orders-v1\";created");
}

/// Changes the first byte of the MAC.
fn flip_mac(request: &mut Request) {
    let before = request.field("signature");
    assert!(before.starts_with("sig1=:Q"), "{before}");
    request.set("signature", &before.replacen("sig1=:Q", "sig1=:R", 1));
}

fn mac_of_another(request: &mut Request) {
    let another = Request::get().signed("nonce-0001");
    request.set("signature", &another.field("signature"));
}

fn set_opaque(request: &mut Request, name: &'static str) {
    request.headers.insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
}

#[test]
fn each_fault_is_refused_for_its_own_reason() {
    let signed = Request::post().signed("nonce-0001");
    signed.verify().unwrap();
    let cases = [PARAMETERS, COMPONENTS, FIELDS, CHANGES].concat();
    let names: std::collections::HashSet<_> = cases.iter().map(|(name, ..)| name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have the same name");
    for (name, change, reason, detail) in cases {
        let mut request = signed.clone();
        change(&mut request);
        let rejection = request.verify().expect_err(name);
        assert_eq!(rejection.reason, reason, "{name}: {}", rejection.detail);
        assert!(rejection.detail.contains(detail), "{name}: {}", rejection.detail);
    }
}

#[test]
fn a_signature_with_the_secret_that_stands_in_for_unknown_ones_is_unknown() {
    let mut request = Request::get();
    let forged = sign(&request.parts(), KEY_ID, DUMMY_SECRET, CREATED, "nonce-0001").unwrap();
    request.attach(&forged);
    let unverified = Unverified::parse(&request.parts()).unwrap();
    assert_eq!(unverified.verify(None, CREATED).unwrap_err().reason, UnknownKey);
}

/// How long the best of many short runs takes to decide; a busy machine only lengthens the others.
fn best_time(request: &Request, secret: Option<&[u8]>) -> std::time::Duration {
    let run = || {
        let unverified = Unverified::parse(&request.parts()).unwrap();
        let started = std::time::Instant::now();
        assert_eq!(unverified.verify(secret, CREATED).is_ok(), secret == Some(SECRET));
        started.elapsed()
    };
    std::iter::repeat_with(run).take(50).min().unwrap()
}

/// To leave out the MAC or the digest of so many bytes would be hundreds of times faster.
#[test]
fn an_unknown_key_takes_as_long_as_a_known_one() {
    const MUCH: usize = 16 << 10;
    let (mut long_base, mut long_body) = (Request::get(), Request::get());
    long_base.set("content-type", &"x".repeat(MUCH));
    long_body.body = vec![b'x'; MUCH];
    for request in [long_base, long_body] {
        let request = request.signed("nonce-0001");
        let (known, wrong, unknown) =
            (best_time(&request, Some(SECRET)), best_time(&request, Some(b"osk_other")), best_time(&request, None));
        for other in [wrong, unknown] {
            assert!(other * 10 > known && known * 10 > other, "known {known:?}, wrong {wrong:?}, unknown {unknown:?}");
        }
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
    for (now, refused) in [(300, None), (301, Some(ClockSkew)), (-60, None), (-61, Some(ClockSkew))] {
        let unverified = Unverified::parse(&request.parts()).unwrap();
        assert_eq!(unverified.verify(Some(SECRET), CREATED + now).err().map(|rejection| rejection.reason), refused, "{now} s");
    }
}

#[test]
fn the_lengths_of_a_nonce_are_closed_at_both_ends() {
    for (length, accepted) in [(7, false), (8, true), (64, true), (65, false)] {
        let mut request = Request::get().signed("nonce-0001");
        edit(&mut request, "nonce-0001", &"n".repeat(length));
        // The MAC no longer fits; what counts is whether the nonce is read at all.
        assert_eq!(Unverified::parse(&request.parts()).is_ok(), accepted, "{length}");
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
