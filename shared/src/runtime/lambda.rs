//! AWS Lambda behind an API Gateway HTTP API (payload 2.0, `$default` stage): the same router, one request at a time.
//!
//! `lambda_http` hands over the path and query as received and the body decoded from base64, which is what signatures are made over.

use super::{Functions, app::App, start_error::StartError};

/// Set by the Lambda service, and by its emulators.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Whether Lambda hosts this process.
pub(super) fn is_host() -> bool {
    std::env::var_os(RUNTIME_API).is_some()
}

/// One sentence when Lambda cannot host these functions.
pub(super) fn refusal(functions: &Functions) -> Option<String> {
    let name =
        functions.consumers.iter().map(|consumer| consumer.spec.name).chain(functions.jobs.iter().map(|job| job.spec.name)).next()?;
    Some(format!("{name} cannot run on Lambda: triggers for consumers and jobs are not built yet; run it as a container"))
}

/// Answers requests until Lambda ends the process.
pub(super) async fn run(app: &App, functions: Functions) -> Result<(), StartError> {
    let role = functions.http_role()?;
    let router = app.router(functions.http, role)?;
    // The init phase has a full core whatever the function's memory: connecting is cheapest here.
    app.warm_up().await;
    Box::pin(lambda_http::run(router)).await.map_err(StartError::Lambda)
}
