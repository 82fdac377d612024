//! The binary `replay-dead-letters`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(replay_dead_letters::function())
}
