//! The binary `list-dead-letters`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(list_dead_letters::function())
}
