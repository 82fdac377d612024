//! A tenant's program: signs its requests as `orders-v1` wants, or, when a test says so, in every wrong way.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use shared::signature::{RequestParts, sign};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::contract::{self, Exchange};

/// A tenant's key, as `create-tenant` prints it.
#[derive(Debug, Clone)]
pub struct Key {
    /// `ten_…`.
    pub tenant_id: String,
    /// `key_…`.
    pub key_id: String,
    /// `osk_…`.
    pub secret: String,
}

impl Key {
    /// The key of the one line that `standalone create-tenant` and `create-key` print.
    ///
    /// # Panics
    /// When it is no such line.
    #[must_use]
    pub fn printed(stdout: &[u8]) -> Self {
        let line: Value = serde_json::from_slice(stdout).unwrap();
        let member = |name: &str| line[name].as_str().unwrap().to_owned();
        Self { tenant_id: member("tenant_id"), key_id: member("key_id"), secret: member("secret") }
    }
}

/// Calls the service with one key.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    base: String,
    /// Its key.
    pub key: Key,
}

impl Caller {
    pub(crate) fn new(http: reqwest::Client, base: String, key: Key) -> Self {
        Self { http, base, key }
    }

    /// The same program with another key.
    #[must_use]
    pub fn with_key(&self, key: Key) -> Self {
        Self { key, ..self.clone() }
    }

    /// The same program with a key that it was just given: the answer's `id` and `secret`.
    ///
    /// # Panics
    /// When the answer shows no key.
    #[must_use]
    pub fn with_shown(&self, key: &Value) -> Self {
        let member = |name: &str| key[name].as_str().unwrap_or_else(|| panic!("no {name} in {key}")).to_owned();
        let (key_id, secret) = (member("id"), member("secret"));
        let tenant_id = format!("ten_{}", key_id.split('_').nth(1).unwrap());
        self.with_key(Key { tenant_id, key_id, secret })
    }

    /// The same program calling another process of the service.
    #[must_use]
    pub fn at(&self, port: u16) -> Self {
        Self { base: format!("http://127.0.0.1:{port}"), ..self.clone() }
    }

    /// A GET of a path with its query.
    #[must_use]
    pub fn get(&self, path: &str) -> Request<'_> {
        self.request(Method::GET, path)
    }

    /// A POST to a path.
    #[must_use]
    pub fn post(&self, path: &str) -> Request<'_> {
        self.request(Method::POST, path)
    }

    /// A PATCH of a path, based on this version.
    #[must_use]
    pub fn patch(&self, path: &str, version: u64) -> Request<'_> {
        self.request(Method::PATCH, path).header("if-match", &format!("\"v{version}\""))
    }

    /// A DELETE of a path.
    #[must_use]
    pub fn delete(&self, path: &str) -> Request<'_> {
        self.request(Method::DELETE, path)
    }

    /// Any request.
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> Request<'_> {
        Request {
            caller: self,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            unsigned_headers: HeaderMap::new(),
            body: Vec::new(),
            sent_body: None,
            signature: Some(Signature {
                key_id: self.key.key_id.clone(),
                secret: self.key.secret.clone(),
                created_unix: jiff::Timestamp::now().as_second(),
                nonce: uuid::Uuid::new_v4().simple().to_string(),
            }),
        }
    }

    /// Places an order under a key of its own and returns it.
    ///
    /// # Panics
    /// When the answer is not 201.
    pub async fn place(&self, order: &Value) -> Value {
        self.post("/v1/orders").new_key().json(order).send().await.expect(201).json()
    }

    /// An order as it is now.
    ///
    /// # Panics
    /// When the answer is not 200.
    pub async fn order(&self, id: &str) -> Value {
        let path = format!("/v1/orders/{id}?expand=payments,fulfillments");
        self.get(&path).header("min-version", NEWEST).send().await.expect(200).json()
    }

    /// What happened to an order, oldest first.
    ///
    /// # Panics
    /// When the answer is not 200 with a list.
    pub async fn history(&self, id: &str) -> Vec<Value> {
        let body = self.get(&format!("/v1/orders/{id}/history")).send().await.expect(200).json();
        body["data"].as_array().unwrap().clone()
    }

    /// The order once its `member` has become `value`.
    ///
    /// # Panics
    /// When it does not in [`PATIENCE`](super::PATIENCE).
    pub async fn order_once(&self, id: &str, member: &str, value: &str) -> Value {
        let what = format!("{member} of {id} is {value}");
        super::until(&what, || async { Some(self.order(id).await).filter(|order| order[member] == value) }).await
    }
}

/// A version that no order has: what is kept anywhere is older.
const NEWEST: &str = "9007199254740991";

/// What a request is signed with.
#[derive(Debug, Clone)]
struct Signature {
    key_id: String,
    secret: String,
    created_unix: i64,
    nonce: String,
}

/// A request that is being put together; [`send`](Self::send) signs and sends it.
#[derive(Debug, Clone)]
pub struct Request<'c> {
    caller: &'c Caller,
    method: Method,
    path: String,
    headers: HeaderMap,
    unsigned_headers: HeaderMap,
    body: Vec<u8>,
    sent_body: Option<Vec<u8>>,
    signature: Option<Signature>,
}

impl Request<'_> {
    /// With this `Idempotency-Key`.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With an `Idempotency-Key` of its own.
    #[must_use]
    pub fn new_key(self) -> Self {
        self.key(&uuid::Uuid::new_v4().to_string())
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string().into_bytes()).header("content-type", "application/json")
    }

    /// With this body.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With this header, in place of one of the same name, set before the request is signed.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        insert(&mut self.headers, name, value);
        self
    }

    /// With this header, in place of one of the same name, set after the request is signed.
    #[must_use]
    pub fn header_after_signing(mut self, name: &str, value: &str) -> Self {
        insert(&mut self.unsigned_headers, name, value);
        self
    }

    /// Sends this body in place of the signed one.
    #[must_use]
    pub fn body_after_signing(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.sent_body = Some(body.into());
        self
    }

    /// With the token of a session in place of a signature.
    #[must_use]
    pub fn in_session(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}")).unsigned()
    }

    /// Without a signature.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.signature = None;
        self
    }

    /// Signed with this secret.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        self.signature(|signature| signature.secret = secret.to_owned())
    }

    /// Signed so many seconds from now; negative is in the past.
    #[must_use]
    pub fn signed_in_s(self, seconds: i64) -> Self {
        self.signature(|signature| signature.created_unix += seconds)
    }

    /// Signed with this nonce.
    #[must_use]
    pub fn nonce(self, nonce: &str) -> Self {
        self.signature(|signature| signature.nonce = nonce.to_owned())
    }

    fn signature(mut self, change: impl FnOnce(&mut Signature)) -> Self {
        if let Some(signature) = &mut self.signature {
            change(signature);
        }
        self
    }

    /// The method, path, header fields and body as they go over the wire.
    ///
    /// # Panics
    /// When the request cannot be signed.
    #[must_use]
    pub fn into_parts(self) -> (Method, String, HeaderMap, Vec<u8>) {
        let mut headers = self.headers;
        if let Some(Signature { key_id, secret, created_unix, nonce }) = &self.signature {
            let (path, query) = self.path.split_once('?').map_or((&*self.path, None), |(path, query)| (path, Some(query)));
            let parts = RequestParts { method: self.method.as_str(), path, query, headers: &headers, body: &self.body };
            let signed = sign(&parts, key_id, secret.as_bytes(), *created_unix, nonce).unwrap();
            for (name, value) in signed.iter() {
                insert(&mut headers, name, value);
            }
        }
        headers.extend(self.unsigned_headers);
        (self.method, self.path, headers, self.sent_body.unwrap_or(self.body))
    }

    /// Sends it and never reads the answer; the caller is gone when the connection is dropped.
    ///
    /// # Panics
    /// When the service cannot be reached.
    pub async fn send_unheard(self) -> TcpStream {
        let address = self.caller.base.strip_prefix("http://").unwrap().to_owned();
        let (method, path, headers, body) = self.into_parts();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in &headers {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(&[head.as_bytes(), b"\r\n", &body].concat()).await.unwrap();
        connection
    }

    /// Its head as it goes over a [`Wire`](super::Wire), signed and without the empty line at the end, so that a test may say itself how
    /// long the body is; and the body.
    ///
    /// # Panics
    /// When the request cannot be signed.
    #[must_use]
    pub fn into_wire(self) -> (String, Vec<u8>) {
        let (method, path, headers, body) = self.into_parts();
        let fields: String = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
        (format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{fields}"), body)
    }

    /// Sends a request without a body over a connection of its own, the path exactly as it was given: a client would mend `..` and `%`.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send_as_is(self) -> Answer {
        let mut wire = super::Wire::connect(&self.caller.base).await;
        let (head, _) = self.into_wire();
        wire.send(format!("{head}\r\n")).await;
        wire.answer().await
    }

    /// Sends it.
    ///
    /// # Panics
    /// When there is no answer, or one that the contract does not know.
    pub async fn send(self) -> Answer {
        self.try_send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends it and returns as soon as the answer begins.
    pub(crate) async fn begin(self, limit: Duration) -> Result<reqwest::Response, reqwest::Error> {
        let (http, base) = (self.caller.http.clone(), self.caller.base.clone());
        let (method, path, headers, body) = self.into_parts();
        http.request(method, format!("{base}{path}")).headers(headers).body(body).timeout(limit).send().await
    }

    /// Sends it to a service that may be away.
    ///
    /// # Errors
    /// Why there is no answer.
    ///
    /// # Panics
    /// When the answer is one that the contract does not know.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let (http, base) = (self.caller.http.clone(), self.caller.base.clone());
        let (method, path, headers, body) = self.into_parts();
        let request = http.request(method.clone(), format!("{base}{path}")).headers(headers).body(body.clone());
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        // A stream lasts: whoever wants more than its head reads it by `follow`.
        let is_stream = headers.get("content-type").is_some_and(|value| value == "text/event-stream");
        let read = if is_stream { Vec::new() } else { answer.bytes().await?.to_vec() };
        let answer = Answer { status, headers, body: read };
        contract::hold(&Exchange { method: method.as_str(), path: &path, body: &body, answer: &answer });
        Ok(answer)
    }
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The bytes of the body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Itself, if its status is this one.
    ///
    /// # Panics
    /// With the body when it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The problem document, if it has this status and code.
    ///
    /// # Panics
    /// With the body when it has not.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// A header field as text; empty when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
