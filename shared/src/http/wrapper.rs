//! What happens to every request, in this order: limits, signature, permission, preconditions, then the handler in its own task.

use std::{sync::OnceLock, time::Duration};

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use http::{Response, request::Parts};
use tokio::{sync::oneshot, task::JoinError, time::Instant};
use tracing::Instrument;

use super::{
    Call, HttpFunction, Problem, Reply, State,
    admission::{self, Admitted, Caller},
    body,
    call::PathParameters,
    exchange::Exchange,
    function::Handle,
    precondition, query,
};
use crate::{
    auth::Sought,
    cache::Found,
    chaos::{self, CrashPoint},
    domain::ids::OrderId,
    function::Route,
};

/// A request's extension: when its host gives up on it, if that may be before the manifest's time limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostDeadline(pub(crate) Instant);

/// A request's extension: its host passes an answer on only when it is whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffered;

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
    let shown = shown(&function, &parts, exchange.order);
    let sought = match (&demanded, shown) {
        (Ok(Some(key)), _) => Sought::Effect { function: spec.name, key },
        (_, Some((order, view))) => Sought::Order { order, view },
        _ => Sought::Nothing,
    };
    let (admitted, found) = match admission::identify(spec, &state, &parts, &body, sought, exchange.received_at).await? {
        Caller::Anyone => (Admitted::Anyone, Found::Nothing),
        Caller::Webhook(id) => (Admitted::Webhook(id), Found::Nothing),
        Caller::Known(caller) => {
            exchange.tenant = Some(caller.principal.tenant);
            exchange.standing = Some(caller.standing);
            admission::permit(spec, &caller)?;
            (Admitted::Key(caller.principal), caller.found)
        }
    };
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
    };
    if let Some(reply) = kept(&call, shown, &found)? {
        return Ok(reply);
    }
    run(function.handle, call, deadline).await
}

/// The order and the view of it that a request asks for, where one may be kept.
fn shown(function: &HttpFunction, parts: &Parts, order: Option<OrderId>) -> Option<(OrderId, &'static str)> {
    Some((order?, (function.view_of?)(parts.uri.query().unwrap_or_default())?))
}

/// The answer that needs no handler, because it was made before.
fn kept(call: &Call, shown: Option<(OrderId, &'static str)>, found: &Found) -> Result<Option<Reply>, Problem> {
    match (shown, found) {
        (_, Found::Answer(sealed)) => call.kept_answer(sealed),
        (Some((order, view)), Found::Order(kept)) => call.kept_view(order, view, Some(kept)),
        (Some((order, view)), Found::Nothing) => call.kept_view(order, view, None),
        (None, _) => Ok(None),
    }
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
