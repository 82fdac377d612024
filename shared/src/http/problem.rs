//! What a caller sees of a failure (RFC 9457), and beside it, never mixed, what an operator sees.

use std::{error::Error, fmt};

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Map, Value, json};

use super::{Code, Reply};
use crate::domain::{invalid::FieldError, permissions::Permission};

/// Media type of a problem.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A failed request.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with nothing to add to its title.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner { code, detail: None, errors: Vec::new(), members: Map::new(), headers: HeaderMap::new(), cause: None }))
    }

    /// 404: no such thing, or another tenant's.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// 401: a session's token does not count, for this reason (RFC 6750 §3.1).
    pub(super) fn no_session(detail: impl Into<String>) -> Self {
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        Self::new(Code::Unauthenticated).detail(detail).header(WWW_AUTHENTICATE, challenge)
    }

    /// 403: the calling key lacks this scope.
    pub(super) fn insufficient_scope(scope: Permission) -> Self {
        Self::new(Code::InsufficientScope).detail(format!("the key needs the scope {scope}")).member("required_scope", scope.as_str())
    }

    /// 422: everything that is wrong with the body.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Code::ValidationFailed);
        problem.0.errors = errors;
        problem
    }

    /// 400: the request cannot be read, for this reason.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Code::Malformed).detail(detail)
    }

    /// 500: ours to mend. Only operators see the cause.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal).caused_by(cause)
    }

    /// 503: try again. Only operators see the cause.
    pub(super) fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::DependencyUnavailable).caused_by(cause)
    }

    /// One sentence about this occurrence, for the caller.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// An extension member (RFC 9457 §3.2): `allowed_actions`, `parameter`, …
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// A header of the response.
    #[must_use]
    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// What happened, for operators alone.
    #[must_use]
    pub(super) fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The whole chain of causes, for the log: `a: b: c`.
    pub(super) fn cause_chain(&self) -> Option<String> {
        let mut cause: &dyn Error = self.0.cause.as_deref()?;
        let mut chain = cause.to_string();
        while let Some(source) = cause.source() {
            chain.push_str(": ");
            chain.push_str(&source.to_string());
            cause = source;
        }
        Some(chain)
    }

    /// The answer to the caller.
    pub(super) fn into_reply(mut self, request_id: &str) -> Reply {
        let (code, mut headers) = (self.0.code, std::mem::take(&mut self.0.headers));
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        if let Some(seconds) = code.retry_after_s() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        Reply::new(code.status(), headers, self.into_document(request_id).to_string().into())
    }

    /// The document alone, for a part of an answer.
    pub(super) fn into_document(self, request_id: &str) -> Value {
        let Inner { code, detail, errors, members: mut body, headers: _, cause: _ } = *self.0;
        body.insert("type".to_owned(), format!("/problems/{}", code.as_str()).into());
        body.insert("title".to_owned(), code.title().into());
        body.insert("status".to_owned(), code.status().into());
        body.insert("code".to_owned(), code.as_str().into());
        body.insert("retryable".to_owned(), code.retryable().into());
        body.insert("request_id".to_owned(), request_id.into());
        if let Some(detail) = detail {
            body.insert("detail".to_owned(), detail.into());
        }
        if !errors.is_empty() {
            body.insert("errors".to_owned(), errors.iter().map(error_view).collect());
        }
        Value::Object(body)
    }
}

fn error_view(error: &FieldError) -> Value {
    json!({"pointer": error.pointer, "code": error.code, "message": error.message})
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.as_str())
    }
}
