//! Standard Webhooks: the vector of its own libraries, every refusal, rotation, and header fields of anybody's making.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    domain::payments::news_type::PaymentNewsType,
    fuzz::{changed, changes, fuzz},
    signature::{
        Reason,
        standard_webhooks::{
            MAX_ID_LEN, MAX_SIGNATURES, REASONS, Rejection, TOLERANCE_S, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign, verify,
        },
    },
};

/// The secret, message and signature that the libraries of the specification are tested with.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SIGNED_AT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

const OTHER_KEY: &[u8] = b"another key of the same sender";
const DOCUMENT: &str = include_str!("../../../../docs/webhooks.md");

fn key() -> Vec<u8> {
    STANDARD.decode(SECRET).unwrap()
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    fields.iter().map(field).collect()
}

/// The vector with these fields in place of its own.
fn changed_by(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut vector = headers(&[(WEBHOOK_ID, ID), (WEBHOOK_TIMESTAMP, &SIGNED_AT.to_string()), (WEBHOOK_SIGNATURE, SIGNATURE)]);
    vector.extend(headers(fields));
    vector
}

fn verified(headers: &HeaderMap, body: &[u8], now_unix: i64) -> Result<String, Rejection> {
    verify(headers, body, &[&key()], now_unix).map(str::to_owned)
}

#[track_caller]
fn is_refused(fields: &[(&'static str, &str)], reason: Reason, detail: &str) {
    let refused = verified(&changed_by(fields), BODY, SIGNED_AT).unwrap_err();
    assert_eq!(refused.reason, reason, "{fields:?}: {refused}");
    assert!(refused.detail.contains(detail), "{fields:?}: {refused}");
}

#[test]
fn the_vector_of_the_specification_is_signed_and_accepted() {
    assert_eq!(sign(ID, SIGNED_AT, BODY, &key()), SIGNATURE);
    assert_eq!(verified(&changed_by(&[]), BODY, SIGNED_AT).unwrap(), ID);
}

#[test]
fn each_field_must_be_there_once() {
    for name in [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
        let mut without = changed_by(&[]);
        without.remove(name);
        assert_eq!(verified(&without, BODY, SIGNED_AT).unwrap_err().reason, Reason::Missing, "{name}");
        let mut twice = changed_by(&[]);
        let value = twice[name].clone();
        twice.append(name, value);
        assert_eq!(verified(&twice, BODY, SIGNED_AT).unwrap_err().reason, Reason::Malformed, "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_malformed_and_says_where() {
    let malformed = |fields: &[(&'static str, &str)], detail| is_refused(fields, Reason::Malformed, detail);
    for id in ["", "a b", "msg.1", &"m".repeat(MAX_ID_LEN + 1)] {
        malformed(&[(WEBHOOK_ID, id)], "without a full stop");
    }
    for timestamp in ["", "soon", "-1", "+1614265330", "1614265330.0", "99999999999999999999"] {
        malformed(&[(WEBHOOK_TIMESTAMP, timestamp)], "whole number of seconds");
    }
    for signature in ["", " ", "v1a,AAAA", "v2,AAAA v0,BBBB"] {
        malformed(&[(WEBHOOK_SIGNATURE, signature)], "no signature of the version v1");
    }
    for signature in ["v1,", "v1,AAAA", "v1,%", &SIGNATURE.replace("v1,", "v1,AAAA")] {
        malformed(&[(WEBHOOK_SIGNATURE, signature)], "base64 of 32 bytes");
    }
    malformed(&[(WEBHOOK_SIGNATURE, "v1")], "version,base64");
    malformed(&[(WEBHOOK_SIGNATURE, &format!("{SIGNATURE} ").repeat(MAX_SIGNATURES + 1))], "more than 16");
}

#[test]
fn an_attempt_may_be_five_minutes_old_or_early() {
    for (now_unix, accepted) in [
        (SIGNED_AT + TOLERANCE_S, true),
        (SIGNED_AT - TOLERANCE_S, true),
        (SIGNED_AT + TOLERANCE_S + 1, false),
        (SIGNED_AT - TOLERANCE_S - 1, false),
        (i64::MIN, false),
    ] {
        let outcome = verified(&changed_by(&[]), BODY, now_unix).map_err(|refused| refused.reason);
        assert_eq!(outcome, if accepted { Ok(ID.to_owned()) } else { Err(Reason::ClockSkew) }, "{now_unix}");
    }
}

#[test]
fn whatever_was_changed_after_signing_does_not_fit() {
    for (index, _) in BODY.iter().enumerate() {
        let mut body = BODY.to_vec();
        body[index] ^= 1;
        assert_eq!(verified(&changed_by(&[]), &body, SIGNED_AT).unwrap_err().reason, Reason::MacMismatch, "byte {index}");
    }
    is_refused(&[(WEBHOOK_ID, "msg_1")], Reason::MacMismatch, "no signature fits");
    is_refused(&[(WEBHOOK_TIMESTAMP, "1614265331")], Reason::MacMismatch, "no signature fits");
    is_refused(&[(WEBHOOK_TIMESTAMP, "01614265330")], Reason::MacMismatch, "no signature fits");
    is_refused(&[(WEBHOOK_SIGNATURE, &sign(ID, SIGNED_AT, BODY, OTHER_KEY))], Reason::MacMismatch, "no signature fits");
}

#[test]
fn while_secrets_rotate_any_of_them_and_any_signature_will_do() {
    let other = sign(ID, SIGNED_AT, BODY, OTHER_KEY);
    let key = key();
    for (signatures, keys) in [
        (SIGNATURE, &[OTHER_KEY, &key][..]),
        (&other, &[OTHER_KEY, &key]),
        (&format!("{SIGNATURE} {other}"), &[OTHER_KEY]),
        (&format!("v1a,hnO3 {other} v2,x {SIGNATURE}"), &[&key]),
    ] {
        let headers = changed_by(&[(WEBHOOK_SIGNATURE, signatures)]);
        assert_eq!(verify(&headers, BODY, keys, SIGNED_AT), Ok(ID), "{signatures}");
        assert_eq!(verify(&headers, BODY, &[b"a key that ended"], SIGNED_AT).unwrap_err().reason, Reason::MacMismatch);
        assert_eq!(verify(&headers, BODY, &[], SIGNED_AT).unwrap_err().reason, Reason::MacMismatch, "nobody's signature is anybody's");
    }
}

/// The fenced text of the document that begins with `first`.
fn block(first: &str) -> &'static str {
    let start = DOCUMENT.find(&format!("\n```text\n{first}")).unwrap_or_else(|| panic!("no block begins with {first}"));
    DOCUMENT[start..].trim_start_matches("\n```text\n").split_once("\n```").unwrap().0
}

#[test]
fn the_example_of_the_document_is_what_is_signed() {
    let fields: Vec<_> = block("webhook-id: ").lines().map(|line| line.split_once(": ").unwrap()).collect();
    let [(_, id), (_, timestamp), (_, signature)] = fields[..] else { panic!("{fields:?}") };
    let body = block("{\"type\"");
    let secret = block("whsec_").trim_start_matches("whsec_");
    assert_eq!(sign(id, timestamp.parse().unwrap(), body.as_bytes(), &STANDARD.decode(secret).unwrap()), signature);
    assert_eq!(block(id), format!("{id}.{timestamp}.{body}"));
}

#[test]
fn the_document_names_every_type_reason_and_limit() {
    for news in PaymentNewsType::ALL {
        assert!(DOCUMENT.contains(&format!("`{news}`")), "{news}");
    }
    let told: Vec<&str> = DOCUMENT.lines().filter(|line| line.contains("`signature_")).filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(told, REASONS.map(Reason::as_str));
    for limit in
        [format!("{TOLERANCE_S} s"), format!("1 to {MAX_ID_LEN} visible ASCII characters"), format!("at most {MAX_SIGNATURES} signatures")]
    {
        assert!(DOCUMENT.contains(&limit), "{limit}");
    }
}

#[test]
fn fuzz_webhook_signature() {
    const WORDS: &str = "v1, v1a, v2, , . : 0 -1 1614265330 = == AAAA g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= msg_ { } \" \\";
    let (signed, key) = (changed_by(&[]), key());
    fuzz((changes(), changes(), changes(), changes()), |(id, timestamp, signature, body)| {
        let mut sent = HeaderMap::new();
        let sent_body = changed(BODY, &body, WORDS);
        for (name, changes) in [(WEBHOOK_ID, id), (WEBHOOK_TIMESTAMP, timestamp), (WEBHOOK_SIGNATURE, signature)] {
            // A server's HTTP parser lets no other bytes through.
            if let Ok(value) = HeaderValue::from_bytes(&changed(signed[name].as_bytes(), &changes, WORDS)) {
                sent.insert(name, value);
            }
        }
        if verify(&sent, &sent_body, &[&key], SIGNED_AT).is_ok() {
            assert_eq!((&sent[WEBHOOK_ID], &sent[WEBHOOK_TIMESTAMP]), (&signed[WEBHOOK_ID], &signed[WEBHOOK_TIMESTAMP]));
            assert_eq!(sent_body, BODY);
        }
    });
}
