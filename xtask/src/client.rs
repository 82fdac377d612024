//! A client of the order API: signs, sends, and turns problems into readable failures.

use std::time::Duration;

use serde_json::Value;

use crate::failure::{Context, Failure, Result};
use crate::signing::Request;
use crate::target::{NOT_RUNNING, Target};

/// How long a request may take whose endpoint answers within 10 s, as most do.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// An answer whose body is still to be read.
pub type Answer = ureq::http::Response<ureq::Body>;

/// Sends signed requests.
pub struct Client {
    target: Target,
    agent: ureq::Agent,
}

impl Client {
    /// A client of `target`, which gives up an answer that is not there, whole, after `timeout`.
    pub fn new(target: Target, timeout: Duration) -> Self {
        let configuration = ureq::Agent::config_builder();
        let configuration = configuration.timeout_global(Some(timeout)).http_status_as_error(false);
        Self { target, agent: configuration.build().into() }
    }

    /// The address without path.
    pub fn url(&self) -> &str {
        self.target.url()
    }

    /// GETs a JSON document.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.send(&Request { method: "GET", target: path, headers: &[], body: None })
    }

    /// POSTs JSON under an idempotency key.
    pub fn post(&self, path: &str, idempotency_key: &str, body: &[u8]) -> Result<Value> {
        let headers = [("content-type", "application/json"), ("idempotency-key", idempotency_key)];
        self.send(&Request { method: "POST", target: path, headers: &headers, body: Some(body) })
    }

    /// Sends a request and leaves the answer, whatever its status, to be read.
    ///
    /// Outside: what no repeat would mend. Inside: why there is no answer, which one may.
    pub fn open(&self, request: &Request<'_>) -> Result<std::result::Result<Answer, ureq::Error>> {
        let doing = || format!("{} {}", request.method, request.target);
        let signature = self.target.sign(request)?;
        let mut builder = ureq::http::Request::builder().method(request.method).uri(format!("{}{}", self.target.url(), request.target));
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        for (name, value) in signature {
            builder = builder.header(name, value);
        }
        Ok(match request.body {
            Some(body) => self.agent.run(builder.body(body).context(doing)?),
            None => self.agent.run(builder.body(()).context(doing)?),
        })
    }

    fn send(&self, request: &Request<'_>) -> Result<Value> {
        let doing = || format!("{} {}", request.method, request.target);
        let mut answer = self.open(request)?.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let body = answer.body_mut().read_to_string().context(doing)?;
        if !status.is_success() {
            return Err(Failure::new(problem(&doing(), status.as_u16(), &body)));
        }
        serde_json::from_str(&body).context(|| format!("{} answered no JSON", doing()))
    }

    /// What to say when nobody answers.
    pub fn unreachable(&self, error: &ureq::Error) -> Failure {
        match error {
            ureq::Error::ConnectionFailed => Failure::new(NOT_RUNNING),
            ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => Failure::new(NOT_RUNNING),
            other => Failure::new(format!("{} does not answer: {other}", self.target.url())),
        }
    }
}

/// A member that should be text; an empty one when it is not.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A problem document (RFC 9457) in words, or whatever else was answered.
pub fn problem(doing: &str, status: u16, body: &str) -> String {
    let Ok(problem) = serde_json::from_str::<Value>(body) else {
        return format!("{doing} answered {status}: {body}");
    };
    let mut lines = vec![format!("{doing} answered {status} {}: {}", text(&problem, "code"), text(&problem, "title"))];
    for name in ["detail", "reason", "request_id"] {
        match text(&problem, name) {
            "" => {}
            value => lines.push(format!("  {name}: {value}")),
        }
    }
    for error in problem["errors"].as_array().into_iter().flatten() {
        lines.push(format!("  {}: {} ({})", text(error, "pointer"), text(error, "message"), text(error, "code")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn a_problem_reads_as_words() {
        let body = r#"{"code":"validation_failed","title":"The order does not fit","request_id":"r-1",
            "errors":[{"pointer":"/lines/0/quantity","code":"too_small","message":"must be at least 1"}]}"#;
        assert_eq!(
            problem("POST /v1/orders", 422, body),
            "POST /v1/orders answered 422 validation_failed: The order does not fit\n  request_id: r-1\n  \
             /lines/0/quantity: must be at least 1 (too_small)"
        );
        assert_eq!(problem("GET /", 502, "oops"), "GET / answered 502: oops");
    }
}
