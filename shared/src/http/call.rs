//! One request on its way to its handler: parsed where it is asked for, authenticated already.

use std::{str::FromStr, sync::OnceLock};

use axum::body::Bytes;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Page, Problem, Reply, State, admission::Admitted, body, fingerprint::fingerprint, json_shape, pagination::ListQuery, precondition,
    query, strict_json,
};
use crate::{
    auth::Principal,
    commands::{self, Claim, Context, Origin},
    db::Database,
    domain::{actor::Actor, ids::TenantId, timestamp::Timestamp},
    function::{HttpSpec, Route},
    queries::get_order::SharedReads,
    telemetry::traceparent::TraceParent,
};

/// Path parameters by name, percent-decoded.
pub(super) type PathParameters = Vec<(String, String)>;

/// A request that the wrapper let through.
pub struct Call {
    pub(super) spec: &'static HttpSpec,
    pub(super) route: &'static Route,
    pub(super) state: State,
    pub(super) parts: Parts,
    pub(super) path_parameters: PathParameters,
    pub(super) body: Bytes,
    /// The body as a value, once somebody asked for it.
    pub(super) document: OnceLock<Value>,
    pub(super) admitted: Admitted,
    pub(super) idempotency_key: Option<String>,
    pub(super) request_id: String,
    pub(super) trace: TraceParent,
    pub(super) received_at: Timestamp,
}

impl Call {
    /// Which of its function's routes it takes.
    pub fn route(&self) -> &'static Route {
        self.route
    }

    /// A path parameter.
    ///
    /// # Errors
    /// 404 when it is not what it should be: such a thing cannot exist.
    pub fn path<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        let value = self.path_parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value);
        value.and_then(|value| value.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// The query parameters as a struct, which must say `#[serde(deny_unknown_fields)]`.
    ///
    /// # Errors
    /// 422 naming the `parameter` that is unknown, repeated or does not fit.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        query::read(self.query_text())
    }

    /// The filters of a list, as for [`query`](Self::query) but without `limit` and `cursor`, and the page that is asked for.
    ///
    /// # Errors
    /// As for `query`; 400 `malformed` for a cursor of another list.
    pub fn page<T: DeserializeOwned>(&self) -> Result<(T, Page), Problem> {
        let query = ListQuery::read(self.query_text());
        let filters = query::read(&query.filters)?;
        let list = self.state.cursor_key().list(self.principal()?.tenant, self.parts.uri.path(), &query.filters);
        Ok((filters, query.page(list, self.parts.uri.path())?))
    }

    /// The body as a struct, which must say `#[serde(deny_unknown_fields)]`.
    ///
    /// # Errors
    /// 415 unless it is JSON by name, 400 `malformed` unless it is by nature, 422 with a pointer when it does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json_shape::read(self.json_document()?)
    }

    /// The same for a body that may be left out.
    ///
    /// # Errors
    /// As for [`json`](Self::json).
    pub fn json_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.body.is_empty() { Ok(T::default()) } else { self.json() }
    }

    fn json_document(&self) -> Result<&Value, Problem> {
        body::require_json(&self.parts.method, &self.parts.headers)?;
        self.document()
    }

    fn document(&self) -> Result<&Value, Problem> {
        if let Some(document) = self.document.get() {
            return Ok(document);
        }
        let document = strict_json::parse(&self.body)?;
        Ok(self.document.get_or_init(|| document))
    }

    /// The body as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// A header's value, if it is there once or more and is text: the first.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// Who calls.
    ///
    /// # Errors
    /// 500 on an endpoint that no key opens: one that is public or takes webhooks.
    pub fn principal(&self) -> Result<&Principal, Problem> {
        match &self.admitted {
            Admitted::Key(principal) => Ok(principal),
            Admitted::Anyone | Admitted::Webhook(_) => Err(Problem::internal("an endpoint that no key opens asked whose key it is")),
        }
    }

    /// The id of the webhook, the same with each attempt to deliver it. Whom it is about is in the body, which counts now: it was signed.
    ///
    /// # Errors
    /// 500 on an endpoint that takes no webhooks.
    pub fn webhook_id(&self) -> Result<&str, Problem> {
        match &self.admitted {
            Admitted::Webhook(id) => Ok(id),
            Admitted::Anyone | Admitted::Key(_) => Err(Problem::internal("an endpoint that takes no webhooks asked for the id of one")),
        }
    }

    /// The caller's tenant.
    ///
    /// # Errors
    /// As for [`principal`](Self::principal).
    pub fn tenant(&self) -> Result<TenantId, Problem> {
        Ok(self.principal()?.tenant)
    }

    /// The caller as history and the audit trail name it.
    ///
    /// # Errors
    /// As for [`principal`](Self::principal).
    pub fn actor(&self) -> Result<Actor, Problem> {
        Ok(Actor::Key(self.principal()?.key))
    }

    /// What commands need.
    pub fn context(&self) -> &Context {
        self.state.context()
    }

    /// What queries need.
    pub fn database(&self) -> &Database {
        self.state.database()
    }

    /// Reads of orders that are under way in this process.
    pub fn reads(&self) -> &SharedReads {
        self.state.reads()
    }

    /// Where the command comes from and what makes it happen once.
    ///
    /// # Errors
    /// 400 `malformed` when the body is there and is not JSON; 500 when the manifest demands no `Idempotency-Key`.
    pub fn origin(&self) -> Result<Origin, Problem> {
        let principal = self.principal()?;
        let key = self.idempotency_key.clone().ok_or_else(|| Problem::internal("the manifest demands no Idempotency-Key"))?;
        Ok(Origin {
            tenant: principal.tenant,
            actor: self.actor()?,
            correlation_id: self.request_id.clone(),
            causation_id: None,
            traceparent: Some(self.traceparent()),
            claim: Claim::Idempotency { function: self.spec.name, key, fingerprint: self.fingerprint()? },
        })
    }

    /// The answer of an earlier request with this idempotency key, from the copy that Redis keeps; nothing when the copy is of no use.
    ///
    /// # Errors
    /// As the handler would: a body that is not JSON, a key that belongs to another request.
    pub(super) fn kept_answer(&self, sealed: &[u8]) -> Result<Option<Reply>, Problem> {
        if !self.body.is_empty() {
            self.json_document()?;
        }
        let executed = commands::kept_answer(self.context(), &self.origin()?, sealed)?;
        Ok(executed.map(Reply::from))
    }

    fn fingerprint(&self) -> Result<[u8; 32], Problem> {
        let document = if self.body.is_empty() { None } else { Some(self.document()?) };
        Ok(fingerprint(self.parts.method.as_str(), self.parts.uri.path(), self.parts.uri.query(), document))
    }

    /// The version that a change is based on (`If-Match`); `None` for any.
    ///
    /// # Errors
    /// 412 when the header can match no version.
    pub fn if_match(&self) -> Result<Option<u64>, Problem> {
        precondition::if_match(&self.parts.headers)
    }

    /// Whether the caller has this version already (`If-None-Match`): then answer [`Reply::not_modified`](super::Reply::not_modified).
    pub fn if_none_match(&self, version: u64) -> bool {
        precondition::if_none_match(&self.parts.headers, version)
    }

    /// The request's id: the caller's `X-Request-Id` or ours.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Its W3C trace context, for what it causes: `00-<trace>-<span>-01`.
    pub fn traceparent(&self) -> String {
        self.trace.to_string()
    }

    /// When the request arrived.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    fn query_text(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }
}
