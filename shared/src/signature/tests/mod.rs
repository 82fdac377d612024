//! Tests of the profile: vectors of independent signers, its document, every refusal, and properties of arbitrary requests. Those of
//! webhooks stand in one file of their own.

mod document;
mod fuzz;
mod properties;
mod refusals;
mod standard_webhooks;
mod vectors;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Rejection, RequestParts, SignedHeaders, Unverified, Verified, sign};

const SECRET: &[u8] = b"osk_Zm9yLXRlc3RzLW9ubHktbmV2ZXItYS1yZWFsLWtleTA";
const KEY_ID: &str = "key_0198_test";
const CREATED: i64 = 1_700_000_000;

/// A request that owns its parts, so that a test can change one and verify again.
#[derive(Debug, Clone)]
struct Request {
    method: String,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    /// The POST that most tests start from; it carries every field that must be covered.
    fn post() -> Self {
        let mut request = Self {
            method: "POST".into(),
            path: "/v1/orders".into(),
            query: Some("expand=lines&dry=%20x".into()),
            headers: HeaderMap::new(),
            body: br#"{"currency":"EUR","lines":[]}"#.to_vec(),
        };
        for (name, value) in
            [("content-type", "application/json"), ("idempotency-key", "order-4711"), ("if-match", "\"3\""), ("dry-run", "true")]
        {
            request.set(name, value);
        }
        request
    }

    fn get() -> Self {
        Self { method: "GET".into(), path: "/v1/orders/ord_1".into(), query: None, headers: HeaderMap::new(), body: Vec::new() }
    }

    fn parts(&self) -> RequestParts<'_> {
        RequestParts { method: &self.method, path: &self.path, query: self.query.as_deref(), headers: &self.headers, body: &self.body }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }

    fn field(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    fn attach(&mut self, signed: &SignedHeaders) {
        for (name, value) in signed.iter() {
            self.set(name, value);
        }
    }

    /// Signs as our own clients do.
    fn signed(mut self, nonce: &str) -> Self {
        let signed = sign(&self.parts(), KEY_ID, SECRET, CREATED, nonce).unwrap();
        self.attach(&signed);
        self
    }

    fn verify(&self) -> Result<Verified, Rejection> {
        Unverified::parse(&self.parts())?.verify(Some(SECRET), CREATED + 5)
    }
}
