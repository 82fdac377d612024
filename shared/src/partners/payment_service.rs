//! The client of the payment service: signed, bounded in time, retried under one idempotency key.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::sleep;
use url::Url;
use uuid::Uuid;

use super::payment_contract::{Answer, OperationRequest, answer};
use crate::{
    backoff::Backoff,
    breaker::Breaker,
    chaos::{self, CrashPoint},
    clock,
    config::PaymentServiceConfig,
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

/// How one attempt ended: an answer, and whether another attempt may still change it.
struct Attempt {
    answer: Answer,
    again: bool,
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
        let started = Instant::now();
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut unknown: Option<Answer> = None;
        for attempt in 1..=MAX_ATTEMPTS {
            if !self.breaker.admits() {
                let reason = "the payment service failed too often; calls are suspended".to_owned();
                return unknown.unwrap_or(Answer::NeverSent { reason });
            }
            let ended = self.attempt(request, &body, traceparent).await;
            let last = attempt == MAX_ATTEMPTS || started.elapsed() >= RETRY_WINDOW;
            match ended.answer {
                // An earlier attempt may have had an effect: that this one was never sent does not undo it.
                Answer::NeverSent { .. } if last && unknown.is_some() => break,
                answer if last || !ended.again => return answer,
                answer @ Answer::Unknown { .. } => unknown = Some(answer),
                _ => {}
            }
            sleep(backoff.next_delay()).await;
        }
        unknown.unwrap_or(Answer::Unknown { reason: "no attempt was answered".to_owned() })
    }

    async fn attempt(&self, request: &OperationRequest, body: &[u8], traceparent: Option<&str>) -> Attempt {
        let headers = match self.signed_headers(request, body, traceparent) {
            Ok(headers) => headers,
            Err(reason) => return Attempt { answer: Answer::NeverSent { reason }, again: false },
        };
        let answered = self.send(headers, body).await;
        let attempt = match answered {
            Ok((status, bytes)) => {
                let answer = answer(request, status, &bytes);
                // A 200 that cannot be read will not read better; what the service could not do now, it may do in a moment.
                let again = matches!(answer, Answer::Unknown { .. }) && !(200..300).contains(&status);
                Attempt { answer, again }
            }
            Err(error) if error.is_connect() => {
                Attempt { answer: Answer::NeverSent { reason: "the payment service cannot be reached".to_owned() }, again: true }
            }
            Err(error) => {
                let reason = if error.is_timeout() { "no answer in time" } else { "the answer broke off" };
                Attempt { answer: Answer::Unknown { reason: reason.to_owned() }, again: true }
            }
        };
        if attempt.again {
            self.breaker.failed();
        } else {
            self.breaker.succeeded();
        }
        attempt
    }

    async fn send(&self, headers: HeaderMap, body: &[u8]) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let mut response = self.client.post(self.operations.clone()).headers(headers).body(body.to_vec()).send().await?;
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
    fn signed_headers(&self, request: &OperationRequest, body: &[u8], traceparent: Option<&str>) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let key = HeaderValue::from_str(&request.id.to_string()).map_err(|error| error.to_string())?;
        headers.insert(HeaderName::from_static("idempotency-key"), key);
        if let Some(value) = traceparent.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(HeaderName::from_static("traceparent"), value);
        }
        let parts = RequestParts { method: "POST", path: self.operations.path(), query: self.operations.query(), headers: &headers, body };
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
