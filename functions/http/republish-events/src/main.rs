//! The binary `republish-events`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(republish_events::function())
}
