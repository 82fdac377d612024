//! The client of the payment service: signed, bounded in time, retried under one idempotency key.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header::CONTENT_TYPE};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::sleep;
use url::Url;
use uuid::Uuid;

use super::payment_contract::{Answer, Inquiry, OperationRequest, answer, inquiry};
use crate::{
    backoff::Backoff,
    breaker::Breaker,
    chaos::{self, CrashPoint},
    clock,
    config::PaymentServiceConfig,
    domain::ids::OperationId,
    signature::{self, RequestParts},
};

/// One attempt, from connecting to the last byte of the answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// Attempts of one submission; after the last its answer stands.
const MAX_ATTEMPTS: u32 = 4;
/// No further attempt starts after this time, so that a submission ends within this and one attempt.
const RETRY_WINDOW: Duration = Duration::from_secs(5);
/// The pauses between attempts: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// Failures in a row after which the service is not called for a while: then operations wait as deferred messages.
const FAILURES_TO_OPEN: u32 = 5;
/// How long it is not called; then one operation tries again.
const PAUSE: Duration = Duration::from_secs(5);
/// Bytes of an answer; a longer one counts as none.
const MAX_ANSWER_LEN: usize = 64 * 1024;

/// A configuration that no client can be made of.
#[derive(Debug, thiserror::Error)]
pub enum UnusableConfig {
    /// The URL cannot be a base of others.
    #[error("PAYMENT_SERVICE_URL cannot be a base: {0}")]
    Url(#[from] url::ParseError),
    /// TLS could not be set up.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
}

/// The payment service. Cheap to clone; clones share connections and breaker.
#[derive(Debug, Clone)]
pub struct PaymentService {
    client: Client,
    operations: Url,
    key_id: Arc<str>,
    secret: SecretString,
    breaker: Arc<Breaker>,
}

/// One call, whose attempts differ in their signature only.
struct Call<'c> {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: &'c [u8],
}

/// How one attempt ended.
enum Attempt {
    /// Nothing left this process, and in a moment nothing would.
    Impossible(String),
    /// Nobody could be reached.
    NeverSent(String),
    /// Something was sent, and nothing came back that says what became of it.
    Unanswered(String),
    /// The service answered: the status, and the body as far as it is read.
    Answered(u16, Vec<u8>),
}

impl Attempt {
    /// Whether the service may do in a moment what it could not do now. A 200 that cannot be read will not read better.
    const fn is_worth_another(&self) -> bool {
        match self {
            Self::Impossible(_) => false,
            Self::NeverSent(_) | Self::Unanswered(_) => true,
            Self::Answered(status, _) => matches!(*status, 408 | 429) || !matches!(*status, 200..300 | 400..500),
        }
    }
}

impl PaymentService {
    /// A client; the first call connects.
    ///
    /// # Errors
    /// [`UnusableConfig`].
    pub fn new(config: &PaymentServiceConfig) -> Result<Self, UnusableConfig> {
        // Whoever comes first decides for the process; everybody here chooses ring, so a lost race changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = config.url.as_str().trim_end_matches('/');
        Ok(Self {
            // A redirect would carry the signature of one URL to another.
            client: Client::builder().timeout(ATTEMPT_TIMEOUT).redirect(redirect::Policy::none()).build()?,
            operations: Url::parse(&format!("{base}/v1/operations"))?,
            key_id: config.key_id.as_str().into(),
            secret: config.secret.clone(),
            breaker: Arc::new(Breaker::new(FAILURES_TO_OPEN, PAUSE)),
        })
    }

    /// Asks for an operation, and asks again while no answer says what became of it. Never fails: every way to end is an
    /// [`Answer`]. Takes 8 s at most.
    pub async fn submit(&self, request: &OperationRequest, traceparent: Option<&str>) -> Answer {
        let body = match serde_json::to_vec(request) {
            Ok(body) => body,
            Err(error) => return Answer::NeverSent { reason: format!("the request cannot be written: {error}") },
        };
        let Ok(key) = HeaderValue::from_str(&request.id.to_string()) else {
            return Answer::NeverSent { reason: "the operation's id fits no header field".to_owned() };
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("idempotency-key"), key);
        let traceparent = traceparent.and_then(|text| HeaderValue::from_str(text).ok());
        headers.extend(traceparent.map(|value| (HeaderName::from_static("traceparent"), value)));
        let call = Call { method: Method::POST, url: self.operations.clone(), headers, body: &body };
        match self.call(&call).await {
            Attempt::Impossible(reason) | Attempt::NeverSent(reason) => Answer::NeverSent { reason },
            Attempt::Unanswered(reason) => Answer::Unknown { reason },
            Attempt::Answered(status, bytes) => answer(request, status, &bytes),
        }
    }

    /// Asks what became of an operation, and asks again while there is no answer. Never fails: every way to end is an [`Inquiry`]. Takes
    /// 8 s at most.
    pub async fn inquire(&self, operation: OperationId) -> Inquiry {
        let mut url = self.operations.clone();
        url.set_path(&format!("{}/{operation}", url.path()));
        let call = Call { method: Method::GET, url, headers: HeaderMap::new(), body: &[] };
        match self.call(&call).await {
            Attempt::Impossible(reason) | Attempt::NeverSent(reason) => Inquiry::NeverSent { reason },
            Attempt::Unanswered(reason) => Inquiry::Unknown { reason },
            Attempt::Answered(status, bytes) => inquiry(operation, status, &bytes),
        }
    }

    /// Calls until an answer says something, within limits. What is answered is how the call as a whole ended: that the last attempt was
    /// never sent does not undo one before it, which may have had an effect.
    async fn call(&self, call: &Call<'_>) -> Attempt {
        let started = Instant::now();
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut unknown: Option<Attempt> = None;
        for attempt in 1..=MAX_ATTEMPTS {
            if !self.breaker.admits() {
                let reason = "the payment service failed too often; calls are suspended".to_owned();
                return unknown.unwrap_or(Attempt::NeverSent(reason));
            }
            let ended = self.attempt(call).await;
            let last = attempt == MAX_ATTEMPTS || started.elapsed() >= RETRY_WINDOW;
            match ended {
                Attempt::NeverSent(_) if last && unknown.is_some() => break,
                ended if last || !ended.is_worth_another() => return ended,
                Attempt::NeverSent(_) => {}
                ended => unknown = Some(ended),
            }
            sleep(backoff.next_delay()).await;
        }
        unknown.unwrap_or_else(|| Attempt::Unanswered("no attempt was answered".to_owned()))
    }

    async fn attempt(&self, call: &Call<'_>) -> Attempt {
        let headers = match self.signed_headers(call) {
            Ok(headers) => headers,
            Err(reason) => return Attempt::Impossible(reason),
        };
        let attempt = match self.send(call, headers).await {
            Ok((status, bytes)) => Attempt::Answered(status, bytes),
            Err(error) if error.is_connect() => Attempt::NeverSent("the payment service cannot be reached".to_owned()),
            Err(error) if error.is_timeout() => Attempt::Unanswered("no answer in time".to_owned()),
            Err(_) => Attempt::Unanswered("the answer broke off".to_owned()),
        };
        if attempt.is_worth_another() {
            self.breaker.failed();
        } else {
            self.breaker.succeeded();
        }
        attempt
    }

    async fn send(&self, call: &Call<'_>, headers: HeaderMap) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let request = self.client.request(call.method.clone(), call.url.clone()).headers(headers).body(call.body.to_vec());
        let mut response = request.send().await?;
        chaos::point(CrashPoint::SendingBeforeReading);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > MAX_ANSWER_LEN {
                bytes.clear();
                break;
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), bytes))
    }

    /// The header fields of one attempt: each is signed anew, because a nonce counts once.
    fn signed_headers(&self, call: &Call<'_>) -> Result<HeaderMap, String> {
        let mut headers = call.headers.clone();
        let (path, query) = (call.url.path(), call.url.query());
        let parts = RequestParts { method: call.method.as_str(), path, query, headers: &headers, body: call.body };
        let nonce = Uuid::now_v7().simple().to_string();
        let secret = self.secret.expose_secret().as_bytes();
        let signed = signature::sign(&parts, &self.key_id, secret, clock::now().as_second(), &nonce).map_err(|error| error.to_string())?;
        for (name, value) in signed.iter() {
            let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests;
