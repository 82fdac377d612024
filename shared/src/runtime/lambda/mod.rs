//! AWS Lambda: the same functions, one invocation at a time.
//!
//! `requests` answers API Gateway HTTP APIs and function URLs, `batches` takes messages from Amazon MQ, `runs` gives a job its turn;
//! `time` knows how long an invocation may last. What an invocation does lies in `http` and `messaging`, as in every host.

mod batches;
mod requests;
mod runs;
mod time;

use std::error::Error;

use lambda_http::{
    lambda_runtime::{self, Diagnostic},
    service_fn,
};
use serde_json::Value;

use super::{Functions, JobError, Shutdown, app::App, start_error::StartError};

/// Set by the Lambda service, and by its emulators.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// An invocation of what is not called by HTTP.
type Event = lambda_runtime::LambdaEvent<Value>;

/// Whether Lambda hosts this process.
pub(super) fn is_host() -> bool {
    std::env::var_os(RUNTIME_API).is_some()
}

/// One sentence when Lambda cannot host these functions: an event does not say which of several it is for.
pub(super) fn refusal(functions: &Functions) -> Option<&'static str> {
    let others = functions.consumers.len() + functions.jobs.len();
    let fits = others == 0 || (others == 1 && functions.http.is_empty());
    (!fits).then_some("a Lambda function is one consumer, one job, or endpoints only; leave the others to functions of their own")
}

/// Works until Lambda ends the process.
pub(super) async fn run(app: &App, mut functions: Functions) -> Result<(), StartError> {
    // The init phase has a full core whatever the function's memory: connecting is cheapest here.
    app.warm_up().await;
    if let Some(function) = functions.consumers.pop() {
        let settler = app.settler(function)?;
        return invocations("BatchFailed", async |event| Ok(batches::settle(&settler, &event).await?)).await;
    }
    if let Some(job) = functions.jobs.pop() {
        return invocations("JobFailed", async |event| runs::run(app, job, &event).await).await;
    }
    let role = functions.http_role()?;
    let streams = functions.http.iter().any(|function| function.spec.streams);
    // Nobody asks for a stop here: each invocation has a deadline of its own.
    let (_never, shutdown) = Shutdown::channel();
    let router = app.router(functions.http, role, &shutdown)?;
    if streams { requests::answer_streaming(router).await } else { requests::answer(router).await }
}

/// Hands every invocation to `work`. Its error, which the runtime logs, makes the invocation fail, and the trigger's rules say what
/// comes of that.
async fn invocations(failure: &'static str, work: impl AsyncFn(Event) -> Result<(), JobError>) -> Result<(), StartError> {
    let work = &work;
    let invoke = async move |event: Event| work(event).await.map_err(|error| diagnostic(failure, error.as_ref()));
    Box::pin(lambda_runtime::run(service_fn(invoke))).await.map_err(StartError::Lambda)
}

/// An error and its causes as Lambda shows them.
fn diagnostic(error_type: &str, error: &(dyn Error + 'static)) -> Diagnostic {
    let causes = std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string);
    Diagnostic { error_type: error_type.to_owned(), error_message: causes.collect::<Vec<_>>().join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog, messaging::ConsumerFunction, runtime::JobFunction};

    #[test]
    fn a_function_is_one_consumer_or_one_job_or_endpoints() {
        let consumer = ConsumerFunction::new(&catalog::ON_PAYMENT_EVENT, |_| Box::pin(async { Ok(()) }));
        let job = JobFunction::new(&catalog::MIGRATE, |_| Box::pin(async { Ok(()) }));
        let functions =
            |consumers: usize, jobs: usize| Functions { consumers: vec![consumer; consumers], jobs: vec![job; jobs], http: vec![] };
        for (consumers, jobs, refused) in [(0, 0, false), (1, 0, false), (0, 1, false), (1, 1, true), (2, 0, true), (0, 2, true)] {
            assert_eq!(refusal(&functions(consumers, jobs)).is_some(), refused, "{consumers} consumers, {jobs} jobs");
        }
    }
}
