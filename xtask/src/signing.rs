//! Signs requests in the service's profile `orders-v1` of HTTP Message Signatures (RFC 9421, `hmac-sha256`) with
//! `Content-Digest` (RFC 9530). Written from the two RFCs and not from the service's verifier, so that each checks the
//! other. No request is sent here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::failure::{Context, Result};

/// What tells one signature from the next.
pub struct Moment<'a> {
    /// Seconds since 1970; the service accepts −300 to +60 s.
    pub created: u64,
    /// Seen once, never again.
    pub nonce: &'a str,
}

/// The key that signs.
pub struct Key<'a> {
    /// `key_…`.
    pub id: &'a str,
    /// `osk_…`; the MAC key is the bytes of this text.
    pub secret: &'a str,
}

/// Headers that are covered when present.
const COVERED: [&str; 4] = ["content-type", "idempotency-key", "if-match", "dry-run"];

/// A request before it is signed.
pub struct Request<'a> {
    /// In capitals.
    pub method: &'a str,
    /// As sent: `/v1/orders`, or with a query `/v1/orders?limit=1`.
    pub target: &'a str,
    /// Its headers, names in lower case and each once.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes sent, if any.
    pub body: Option<&'a [u8]>,
}

/// The headers to add: `content-digest` with a body, `signature-input`, `signature`.
pub fn sign(request: &Request<'_>, key: &Key<'_>, moment: &Moment<'_>) -> Result<Vec<(&'static str, String)>> {
    let digest = request.body.map(|body| format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body))));
    let (path, query) = request.target.split_at(request.target.find('?').unwrap_or(request.target.len()));
    let mut covered = vec![("@method", request.method), ("@path", path), ("@query", if query.is_empty() { "?" } else { query })];
    covered.extend(digest.iter().map(|digest| ("content-digest", digest.as_str())));
    covered.extend(request.headers.iter().filter(|(name, _)| COVERED.contains(name)));

    let names: Vec<String> = covered.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let parameters =
        format!("({});created={};keyid=\"{}\";nonce=\"{}\";tag=\"orders-v1\"", names.join(" "), moment.created, key.id, moment.nonce);
    let mut base: String = covered.iter().map(|(name, value)| format!("\"{name}\": {value}\n")).collect();
    base.push_str(&format!("\"@signature-params\": {parameters}"));

    let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_bytes()).context(|| "the secret is no key".to_owned())?;
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let mut headers: Vec<_> = digest.into_iter().map(|digest| ("content-digest", digest)).collect();
    headers.push(("signature-input", format!("sig1={parameters}")));
    headers.push(("signature", format!("sig1=:{signature}:")));
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::{Key, Moment, Request, sign};

    const KEY: Key<'_> = Key { id: "key_0000_abc", secret: "osk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
    const MOMENT: Moment<'_> = Moment { created: 1_795_341_600, nonce: "n-1" };

    /// The expected values come from twelve lines of Python with hashlib and hmac, not from this code.
    #[test]
    fn agrees_with_an_independent_signer() {
        let request = Request {
            method: "POST",
            target: "/v1/orders",
            headers: &[("content-type", "application/json"), ("accept", "application/json"), ("idempotency-key", "k-1")],
            body: Some(b"{\"currency\":\"EUR\"}"),
        };
        let headers = sign(&request, &KEY, &MOMENT).unwrap();
        assert_eq!(headers[0], ("content-digest", "sha-256=:8v0KgjsuNL2JNY85D6HEZhyNYIFQhMKzpj8hDnr/3ig=:".to_owned()));
        assert_eq!(
            headers[1].1,
            "sig1=(\"@method\" \"@path\" \"@query\" \"content-digest\" \"content-type\" \"idempotency-key\")\
             ;created=1795341600;keyid=\"key_0000_abc\";nonce=\"n-1\";tag=\"orders-v1\""
        );
        assert_eq!(headers[2], ("signature", "sig1=:zZzwf+3Zzdl92hOeZOyQyoCUgiGiXRHIg+FHL/8rGVg=:".to_owned()));
    }

    #[test]
    fn a_request_without_body_has_no_digest() {
        let request = Request { method: "GET", target: "/v1/orders/ord_1", headers: &[], body: None };
        let headers = sign(&request, &KEY, &MOMENT).unwrap();
        assert_eq!(headers.len(), 2);
        assert_eq!(headers[1], ("signature", "sig1=:dE6wwLPoni7yemLh3FvgOgHJluzNnhYP9Z7/E41hvcM=:".to_owned()));
    }

    #[test]
    fn the_query_is_signed_as_it_is_sent() {
        let request = Request { method: "GET", target: "/v1/orders?a=%20b&c=?", headers: &[], body: None };
        let headers = sign(&request, &KEY, &MOMENT).unwrap();
        assert_eq!(headers[1], ("signature", "sig1=:WaHFGVUD2ITMZBV8sZ1aVbrWPW6m4lowS3fpnp/IcSs=:".to_owned()));
    }
}
