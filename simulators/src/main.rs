//! Starts the partner simulators and stops them at SIGTERM or SIGINT.

use std::io::Write as _;
use std::process::ExitCode;

use simulators::config::{Config, USAGE};
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a bad configuration.
const BAD_CONFIGURATION: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        let _ = std::io::stdout().write_all(USAGE.as_bytes());
        return ExitCode::SUCCESS;
    }
    let config = match Config::read(&arguments, |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(problems) => {
            let _ = writeln!(std::io::stderr(), "the configuration is bad: {}", problems.join("; "));
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            simulators::log::line("error", "the simulators failed", &[("error.message", &error.to_string())]);
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    simulators::serve(config, stop).await
}
