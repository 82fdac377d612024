//! The life of a process: environment, logging, the jobs that run once, serving, and the end.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use axum::{Router, routing::get};
use futures_util::{FutureExt, future::BoxFuture};
use http::header;
use tokio::{runtime::Runtime, task::JoinSet, time::timeout};

use super::{
    Functions, JobError, JobFunction, Shutdown,
    app::App,
    functions::Intake,
    lambda, push,
    schedule::Schedule,
    server,
    shutdown::{CLOSE_LIMIT, DRAIN_LIMIT},
    start_error::StartError,
    supervisor,
};
use crate::{
    config::{Config, Consume},
    messaging::{ConsumerFunction, consumer},
    telemetry::{
        self,
        metrics::{self, Metrics},
    },
};

/// Anything but a bad configuration.
pub(super) const EXIT_FAILURE: u8 = 1;
/// The environment must be mended first; a restart does not help.
pub(super) const EXIT_CONFIGURATION: u8 = 2;

/// The life of a process that hosts these functions; its consumers read their queues. Exit status: 0 after a clean stop, 2 for a bad
/// configuration (told on stderr, every problem at once), 1 for any other failure (told in the log).
pub fn serve(functions: Functions) -> ExitCode {
    host(functions, Intake::Queues)
}

/// [`serve`], by who brings messages to the consumers wherever Lambda does not.
pub(super) fn host(functions: Functions, intake: Intake) -> ExitCode {
    let on_lambda = lambda::is_host();
    if on_lambda && let Some(refusal) = lambda::refusal(&functions) {
        return say(&*Box::<dyn Error>::from(refusal), EXIT_CONFIGURATION);
    }
    let mut config = match Config::from_env(functions.needs(if on_lambda { Intake::Trigger } else { intake })) {
        Ok(config) => config,
        Err(error) => return say(&error, EXIT_CONFIGURATION),
    };
    if on_lambda {
        // One invocation at a time needs one connection, and a thousand instances have no more to share.
        config.database.pool_size = 1;
    }
    let metrics = match install(&config) {
        Ok(metrics) => metrics,
        Err(error) => return say(error.as_ref(), EXIT_FAILURE),
    };
    match block_on(config, functions, metrics) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error.message = &error as &(dyn Error + 'static), "stopping: {error}");
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

/// One message on stderr, with its causes, and the exit status to end with. For what fails before there is a log.
pub(super) fn say(error: &dyn Error, exit: u8) -> ExitCode {
    let mut stderr = io::stderr().lock();
    // There is nowhere left to complain to about stderr.
    let _ = write!(stderr, "{error}");
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let _ = write!(stderr, ": {cause}");
    }
    let _ = writeln!(stderr);
    ExitCode::from(exit)
}

/// The three things a process has one of.
fn install(config: &Config) -> Result<Metrics, Box<dyn Error>> {
    // Refused only when a provider is there already: then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    telemetry::init(&config.log)?;
    Ok(metrics::install()?)
}

fn block_on(config: Config, functions: Functions, metrics: Metrics) -> Result<(), StartError> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(Box::pin(run(config, functions, metrics)));
    // What is still running was given its time: a name look-up in a blocking thread must not hold the exit.
    runtime.shutdown_background();
    outcome
}

fn runtime() -> io::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if lambda::is_host() {
        builder.worker_threads(1);
    }
    builder.enable_all().build()
}

async fn run(config: Config, functions: Functions, metrics: Metrics) -> Result<(), StartError> {
    let app = App::new(&config, &functions)?;
    if lambda::is_host() {
        return lambda::run(&app, functions).await;
    }
    let shutdown = Shutdown::on_signals()?;
    let jobs = functions.scheduled()?;
    let (once, lasting): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|(schedule, _)| *schedule == Schedule::Once);
    for (_, job) in once {
        run_once(&app, job, &shutdown).await?;
    }
    let serves = !(functions.http.is_empty() && functions.consumers.is_empty() && lasting.is_empty());
    let mut tasks = JoinSet::new();
    if serves {
        start(&config, &app, functions, &lasting, metrics, &shutdown, &mut tasks).await?;
        shutdown.requested().await;
    }
    stop(&app, &mut tasks).await;
    Ok(())
}

/// Runs a job to its end, within its time limit; a stop leaves it the time that everyone has. Whoever asked for this one run at the
/// command line waits for it as long as it takes.
async fn run_once(app: &App, job: JobFunction, shutdown: &Shutdown) -> Result<(), StartError> {
    let (name, limit_seconds) = (job.spec.name, job.spec.timeout_seconds);
    let run = tokio::spawn((job.run)(app.job_context(job, shutdown)?));
    let stopped = async {
        shutdown.requested().await;
        tokio::time::sleep(DRAIN_LIMIT).await;
    };
    tokio::select! {
        outcome = supervisor::join(run) => outcome.map_err(|error| StartError::Job(name, error)),
        () = tokio::time::sleep(Duration::from_secs(limit_seconds)), if !job.is_only_run => Err(StartError::JobTooLong(name, limit_seconds)),
        () = stopped => Err(StartError::JobStopped(name)),
    }
}

/// Starts everything that lasts, each in a task of its own, and says when it is ready.
async fn start(
    config: &Config,
    app: &App,
    functions: Functions,
    jobs: &[(Schedule, JobFunction)],
    metrics: Metrics,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<()>,
) -> Result<(), StartError> {
    let (listener, address) = server::bind(config.server.address, "PORT").await?;
    let count = functions.names().count();
    let role = functions.http_role()?;
    let mut router = app.router(functions.http, role, shutdown)?;
    let metrics_port = expose(metrics, config.server.metrics_address, shutdown, tasks).await;
    for function in functions.consumers {
        match config.consume {
            Some(Consume::Http) => router = router.merge(push::router(app.settler(function)?)),
            Some(Consume::Amqp) | None => start_consumer(app, function, shutdown, tasks)?,
        }
    }
    for (schedule, job) in jobs {
        start_job(app, *schedule, *job, shutdown, tasks)?;
    }
    tasks.spawn(server::serve(listener, router, shutdown.clone()));
    tracing::info!(
        server.port = address.port(),
        metrics.port = metrics_port,
        service.environment = config.environment.as_str(),
        labels.functions = count,
        "ready"
    );
    Ok(())
}

fn start_consumer(app: &App, function: ConsumerFunction, shutdown: &Shutdown, tasks: &mut JoinSet<()>) -> Result<(), StartError> {
    let (settler, amqp_url) = (app.settler(function)?, app.amqp_url()?);
    let stop = shutdown.receiver();
    let start = move || -> BoxFuture<'static, Result<(), JobError>> {
        Box::pin(consumer::run(settler.clone(), amqp_url.clone(), stop.clone()).map(Ok))
    };
    tasks.spawn(supervisor::keep_running(function.spec.name, shutdown.clone(), start));
    Ok(())
}

fn start_job(app: &App, schedule: Schedule, job: JobFunction, shutdown: &Shutdown, tasks: &mut JoinSet<()>) -> Result<(), StartError> {
    let context = app.job_context(job, shutdown)?;
    let (name, limit, shutdown) = (job.spec.name, Duration::from_secs(job.spec.timeout_seconds), shutdown.clone());
    let start = move || (job.run)(context.clone());
    match schedule {
        Schedule::Every(period) => tasks.spawn(supervisor::run_every(name, period, limit, shutdown, start)),
        Schedule::Continuous | Schedule::Once => tasks.spawn(supervisor::keep_running(name, shutdown, start)),
    };
    Ok(())
}

/// Serves `/metrics` on a port of its own, out of reach of those who reach the endpoints. Without that port the process still serves:
/// blind is better than down.
async fn expose(metrics: Metrics, address: SocketAddr, shutdown: &Shutdown, tasks: &mut JoinSet<()>) -> Option<u16> {
    let (listener, bound) = match server::bind(address, "METRICS_PORT").await {
        Ok(listening) => listening,
        Err(error) => {
            tracing::warn!(error.message = &error as &(dyn Error + 'static), "metrics are not served: {error}");
            return None;
        }
    };
    let (upkeep, stopped) = (metrics.clone(), shutdown.clone());
    tasks.spawn(async move {
        while timeout(metrics::UPKEEP_INTERVAL, stopped.requested()).await.is_err() {
            upkeep.run_upkeep();
        }
    });
    let render = move || async move { ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics.render()) };
    tasks.spawn(server::serve(listener, Router::new().route("/metrics", get(render)), shutdown.clone()));
    Some(bound.port())
}

/// Waits for what was started to end by itself and closes the pools, within ten seconds in all; the rest is cut, and logged.
async fn stop(app: &App, tasks: &mut JoinSet<()>) {
    let ended = timeout(DRAIN_LIMIT + CLOSE_LIMIT, async {
        while tasks.join_next().await.is_some() {}
        app.close().await;
    });
    if ended.await.is_err() {
        tracing::warn!(tasks.cut = tasks.len(), "stopped with work cut: it outlasted the time to finish");
    } else {
        tracing::info!("stopped");
    }
}
