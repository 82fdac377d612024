//! The binary `discard-dead-letters`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(discard_dead_letters::function())
}
