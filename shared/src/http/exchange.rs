//! One request from its arrival to its answer: its id, its trace, its log line, its measurements, and the headers every answer has.

use axum::body::Body;
use http::{
    HeaderMap, HeaderValue, Method, Response,
    header::{CACHE_CONTROL, ETAG, HeaderName, LOCATION},
};
use tokio::time::Instant;
use tracing::Span;

use super::{Code, Problem, Reply, rate_limits};
use crate::{
    clock::{self, IdsAt},
    domain::{
        ids::{NewIds, OrderId, TenantId},
        rate::Standing,
        timestamp::Timestamp,
    },
    function::{HttpSpec, Route},
    telemetry::{
        metrics::{HTTP_REQUEST_DURATION, HTTP_REQUESTS, IDEMPOTENCY},
        traceparent::TraceParent,
    },
};

/// Names a request in answers, logs and messages.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id of a caller is not echoed; the request gets one of ours.
pub(super) const MAX_REQUEST_ID_LEN: usize = 128;
/// Stands where a function's name would, for requests that met none.
const NO_FUNCTION: &str = "none";

/// A function, and the one of its routes that a request took.
type Endpoint = (&'static HttpSpec, &'static Route);

/// What is known about a request while it is answered.
pub(super) struct Exchange {
    /// `None` when no endpoint has the path and method.
    endpoint: Option<Endpoint>,
    method: Method,
    pub(super) request_id: String,
    pub(super) trace: TraceParent,
    pub(super) received_at: Timestamp,
    pub(super) started: Instant,
    /// Known once the caller is.
    pub(super) tenant: Option<TenantId>,
    /// The order that the path names, or that the answer created.
    pub(super) order: Option<OrderId>,
    /// How the caller stands with its rates, once it is known.
    pub(super) standing: Option<Standing>,
    span: Span,
    answered: bool,
}

impl Exchange {
    /// Begins with the arrival of a request.
    pub(super) fn begin(endpoint: Option<Endpoint>, method: &Method, headers: &HeaderMap) -> Self {
        let received_at = clock::now();
        let request_id = request_id(headers).unwrap_or_else(|| IdsAt::new(received_at).next_uuid().to_string());
        let parent = text(headers, "traceparent").and_then(TraceParent::parse);
        let trace = parent.map_or_else(TraceParent::new, |parent| parent.child());
        // Its level is `error` so that no filter takes the ids from a line that is logged.
        let span = tracing::error_span!(
            "request",
            http.request.id = %request_id,
            trace.id = %trace.trace_id(),
            labels.function = function_name(endpoint),
        );
        Self {
            endpoint,
            method: method.clone(),
            request_id,
            trace,
            received_at,
            started: Instant::now(),
            tenant: None,
            order: None,
            standing: None,
            span,
            answered: false,
        }
    }

    /// The span that every line logged on the way belongs to.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Ends with the answer: logged, measured, and with the headers that belong to every one.
    pub(super) fn finish(mut self, outcome: Result<Reply, Problem>) -> Response<Body> {
        let (mut reply, code, cause) = match outcome {
            Ok(reply) => (reply, None, None),
            Err(problem) => {
                let (code, cause) = (problem.code(), problem.cause_chain());
                (problem.into_reply(&self.request_id), Some(code), cause)
            }
        };
        self.order = self.order.or_else(|| created_order(reply.headers()));
        self.answered = true;
        self.log(reply.status(), code, cause.as_deref());
        self.measure(&reply, code);
        self.complete_headers(reply.headers_mut());
        reply.into_response()
    }

    /// The template that the path matched.
    fn route(&self) -> Option<&'static str> {
        self.endpoint.map(|(_, route)| route.path)
    }

    fn complete_headers(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            headers.insert(X_REQUEST_ID, value);
        }
        if let Some(standing) = &self.standing {
            rate_limits::tell(standing, headers);
        }
        // Answers are one tenant's own: never for a shared cache, and kept only where a tag lets the caller ask again.
        let policy = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(policy));
    }

    /// The one line about this request. Paths are logged as templates; bodies, queries and headers never.
    fn log(&self, status: u16, code: Option<Code>, cause: Option<&str>) {
        let duration_ns = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    http.request.method = %self.method,
                    http.route = self.route(),
                    http.response.status_code = status,
                    event.duration = duration_ns,
                    event.outcome = if status < 400 { "success" } else { "failure" },
                    tenant.id = self.tenant.map(tracing::field::display),
                    order.id = self.order.map(tracing::field::display),
                    error.code = code.map(Code::as_str),
                    error.message = cause,
                    "request"
                )
            };
        }
        let _entered = self.span.enter();
        if status >= 500 { line!(error) } else { line!(info) }
    }

    fn measure(&self, reply: &Reply, code: Option<Code>) {
        let function = function_name(self.endpoint);
        metrics::counter!(HTTP_REQUESTS, "function" => function, "status" => reply.status().to_string()).increment(1);
        metrics::histogram!(HTTP_REQUEST_DURATION, "function" => function).record(self.started.elapsed().as_secs_f64());
        if self.endpoint.is_some_and(|(spec, _)| spec.idempotency)
            && let Some(result) = idempotency_result(reply, code)
        {
            metrics::counter!(IDEMPOTENCY, "result" => result).increment(1);
        }
    }
}

/// A caller who hangs up is answered nothing; the line that this request would have had is written all the same.
impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.answered {
            let _entered = self.span.enter();
            tracing::info!(http.request.method = %self.method, http.route = self.route(), "the caller hung up");
        }
    }
}

fn function_name(endpoint: Option<Endpoint>) -> &'static str {
    endpoint.map_or(NO_FUNCTION, |(spec, _)| spec.name)
}

/// What an idempotency key came to; nothing for a request that failed for another reason.
fn idempotency_result(reply: &Reply, code: Option<Code>) -> Option<&'static str> {
    match code {
        None if reply.is_replayed() => Some("replayed"),
        None => Some("first"),
        Some(Code::IdempotencyInProgress) => Some("in_progress"),
        Some(Code::IdempotencyKeyReused) => Some("reused"),
        Some(_) => None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The caller's own id of the request, if it is fit to be echoed.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = text(headers, X_REQUEST_ID.as_str())?;
    let fits = (1..=MAX_REQUEST_ID_LEN).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| id.to_owned())
}

/// The order that an answer created: the last segment of its `Location`.
fn created_order(headers: &HeaderMap) -> Option<OrderId> {
    text(headers, LOCATION.as_str())?.strip_prefix("/v1/orders/")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(value: &[u8]) -> Option<String> {
        request_id(&HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap())]))
    }

    #[test]
    fn a_callers_request_id_is_kept_up_to_its_limit() {
        assert_eq!(id_of(b"abc-1").as_deref(), Some("abc-1"));
        assert!(id_of(&[b'x'; 128]).is_some());
        for bad in [&[b'x'; 129][..], b"", b"a b", b"\xc3\xa4"] {
            assert_eq!(id_of(bad), None);
        }
    }

    #[test]
    fn a_created_order_is_read_from_its_location() {
        let order = "ord_0198f000000070008000000000000001";
        let headers = |path: &str| HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(path).unwrap())]);
        assert_eq!(created_order(&headers(&format!("/v1/orders/{order}"))), order.parse().ok());
        assert_eq!(created_order(&headers("/v1/admin/tenants/ten_1")), None);
    }
}
