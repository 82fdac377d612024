//! What tells two requests with the same `Idempotency-Key` apart.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 over method, path, raw query and the canonical body: the value written again with sorted keys, so that spaces and the
/// order of members make no difference. Headers do not count: a retry is signed anew.
pub(super) fn fingerprint(method: &str, path: &str, query: Option<&str>, body: Option<&Value>) -> [u8; 32] {
    let mut hash = Sha256::new();
    // None of the first three can contain a line end, so the parts cannot flow into one another.
    for part in [method, path, query.unwrap_or_default()] {
        hash.update(part);
        hash.update("\n");
    }
    if let Some(body) = body {
        hash.update(body.to_string());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{super::strict_json::parse, fingerprint};

    fn of(method: &str, path: &str, query: Option<&str>, body: &str) -> [u8; 32] {
        let body = (!body.is_empty()).then(|| parse(body.as_bytes()).unwrap());
        fingerprint(method, path, query, body.as_ref())
    }

    #[test]
    fn spelling_of_the_body_makes_no_difference() {
        let compact = of("POST", "/v1/orders", None, r#"{"a":1,"b":{"c":[true,null],"d":"x"}}"#);
        assert_eq!(of("POST", "/v1/orders", None, "{ \"b\": {\"d\":\"\\u0078\", \"c\":[true, null]},\n\"a\":1 }"), compact);
        assert_eq!(of("POST", "/v1/orders", Some(""), r#"{"b":{"d":"x","c":[true,null]},"a":1}"#), compact);
    }

    #[test]
    fn every_part_makes_a_difference() {
        let all = [
            of("POST", "/v1/orders", None, ""),
            of("PUT", "/v1/orders", None, ""),
            of("POST", "/v1/orders2", None, ""),
            of("POST", "/v1/orders", Some("x=1"), ""),
            of("POST", "/v1/orders", None, "{}"),
            of("POST", "/v1/orders", None, r#"{"a":1}"#),
            of("POST", "/v1/orders", None, r#"{"a":"1"}"#),
            of("POST", "/v1/orders", None, r#"[{"a":1}]"#),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{index}");
        }
    }
}
