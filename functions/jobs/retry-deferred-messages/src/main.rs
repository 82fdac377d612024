//! The process of retry-deferred-messages.

fn main() -> std::process::ExitCode {
    shared::runtime::job(retry_deferred_messages::function())
}
