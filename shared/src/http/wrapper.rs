//! What happens to every request, in this order: limits, signature, permission, preconditions, then the handler in its own task.

use std::{sync::OnceLock, time::Duration};

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use http::{Response, request::Parts};
use tokio::{sync::oneshot, task::JoinError, time::Instant};
use tracing::Instrument;

use super::{
    Call, HttpFunction, Problem, Reply, State,
    admission::{Admitted, admit},
    body,
    call::PathParameters,
    exchange::Exchange,
    function::Handle,
    precondition, query,
};
use crate::{
    chaos::{self, CrashPoint},
    function::Route,
};

/// A request's extension: when its host gives up on it, if that may be before the manifest's time limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostDeadline(pub(crate) Instant);

/// Answers one request to an endpoint.
pub(super) async fn serve(function: HttpFunction, route: &'static Route, state: State, request: Request) -> Response<Body> {
    let mut exchange = Exchange::begin(Some((function.spec, route)), request.method(), request.headers());
    let span = exchange.span();
    let outcome = answer(function, route, state, request, &mut exchange).instrument(span).await;
    exchange.finish(outcome)
}

/// Answers a request that no endpoint takes.
pub(super) async fn refuse(problem: Problem, request: Request) -> Response<Body> {
    Exchange::begin(None, request.method(), request.headers()).finish(Err(problem))
}

async fn answer(
    function: HttpFunction,
    route: &'static Route,
    state: State,
    request: Request,
    exchange: &mut Exchange,
) -> Result<Reply, Problem> {
    let spec = function.spec;
    let (mut parts, body) = request.into_parts();
    let own_deadline = exchange.started + Duration::from_secs(spec.timeout_seconds);
    let deadline = parts.extensions.get::<HostDeadline>().map_or(own_deadline, |HostDeadline(host)| own_deadline.min(*host));
    let path_parameters = path_parameters(&mut parts).await?;
    exchange.order = path_parameters.iter().find(|(name, _)| name == "order_id").and_then(|(_, value)| value.parse().ok());

    let body = body::read(body, spec.body_max_bytes, deadline).await?;
    // Who calls is told first; what is wrong with their headers afterwards.
    let demanded = precondition::demanded(spec, &parts.headers);
    let key = demanded.as_ref().ok().and_then(Option::as_deref);
    let (admitted, kept_answer) = admit(spec, &state, &parts, &body, key, exchange.received_at).await?;
    if let Admitted::Key(principal) = &admitted {
        exchange.tenant = Some(principal.tenant);
    }
    let idempotency_key = demanded?;
    if !function.contract.takes_query() {
        // What no contract names would be dropped in silence: `?dry_run=true` must not place an order.
        query::require_none(parts.uri.query().unwrap_or_default())?;
    }

    let call = Call {
        spec,
        route,
        state,
        parts,
        path_parameters,
        body,
        document: OnceLock::new(),
        admitted,
        idempotency_key,
        request_id: exchange.request_id.clone(),
        trace: exchange.trace,
        received_at: exchange.received_at,
        deadline,
    };
    if let Some(sealed) = kept_answer
        && let Some(reply) = call.kept_reply(&sealed)?
    {
        return Ok(reply);
    }
    run(function.handle, call, deadline).await
}

/// Percent-decodes the path's parameters, here and nowhere else.
async fn path_parameters(parts: &mut Parts) -> Result<PathParameters, Problem> {
    // What does not decode to text names nothing that could exist.
    let parameters = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::not_found())?;
    Ok(parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Runs the handler in a task of its own. A caller who hangs up, and a time limit that passes, end the waiting and never the
/// task: a transaction dropped in mid-COMMIT could lose writes of others (transact-rs/sqlx #4393).
async fn run(handle: Handle, call: Call, deadline: Instant) -> Result<Reply, Problem> {
    let (sender, outcome) = oneshot::channel();
    let work = async move {
        if let Err(unheard) = sender.send(handle(call).await) {
            log_unheard(unheard);
        }
    };
    let task = tokio::spawn(work.in_current_span());
    let outcome = tokio::time::timeout_at(deadline, outcome).await;
    chaos::point(CrashPoint::AnswerBeforeSending);
    match outcome {
        Ok(Ok(outcome)) => outcome,
        // The sender is gone without a word, so the task has ended.
        Ok(Err(_)) => Err(not_finished(task.await)),
        Err(_) => Err(Problem::unavailable("the handler exceeded its time limit")
            .detail("no answer in time; whether it took effect is not known, the same request with the same key settles it")),
    }
}

/// A failure that nobody waits for any more still reaches an operator.
fn log_unheard(outcome: Result<Reply, Problem>) {
    if let Err(problem) = outcome
        && let Some(cause) = problem.cause_chain()
    {
        tracing::error!(error.code = problem.code().as_str(), error.message = cause, "a handler failed after its caller had gone");
    }
}

fn not_finished(ended: Result<(), JoinError>) -> Problem {
    match ended {
        // The panic hook has printed where; its message may hold what the request held and is not repeated.
        Err(error) if error.is_panic() => Problem::internal("the handler panicked"),
        Ok(()) | Err(_) => Problem::unavailable("the process is stopping"),
    }
}
