//! Installs the one subscriber of the process: filtered JSON lines on stdout, panics included.

use std::{io, panic};

use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt};

use super::ecs::{EcsFields, EcsFormat};

/// lapin logs the whole body of a message that the broker returns; the relay says itself what came back, and why.
const SILENCED: &str = "lapin::returned_messages=off";

/// How this process logs.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `tracing` directives: `info`, `info,shared::messaging=debug`.
    pub filter: String,
    /// ECS `service.name`.
    pub service_name: &'static str,
    /// ECS `service.version`.
    pub service_version: &'static str,
}

/// Logging was set up twice, or by a filter that is none.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// See [`is_filter`].
    #[error("not a log filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// A subscriber is there already.
    #[error("logging is already set up")]
    Twice(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Whether a text is a log filter.
pub fn is_filter(text: &str) -> bool {
    EnvFilter::try_new(text).is_ok()
}

/// From now on every event is one line on stdout, and a panic is one too.
///
/// # Errors
/// [`InitError`], once per process at most.
pub fn init(config: &LogConfig) -> Result<(), InitError> {
    let format = EcsFormat::new(config.service_name, config.service_version);
    let lines = tracing_subscriber::fmt::layer().fmt_fields(EcsFields).event_format(format).with_writer(io::stdout);
    let subscriber = Registry::default().with(lines.with_filter(EnvFilter::try_new(format!("{},{SILENCED}", config.filter))?));
    tracing::subscriber::set_global_default(subscriber)?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    // A formatted message may hold what the request held; the place says enough.
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("a formatted message, withheld");
    let location = panic.location();
    tracing::error!(
        "error.type" = "panic",
        error.message = message,
        log.origin.file.name = location.map(panic::Location::file),
        log.origin.file.line = location.map(panic::Location::line),
        "a task panicked"
    );
}
