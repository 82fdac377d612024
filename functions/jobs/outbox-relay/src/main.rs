//! The process of outbox-relay.

fn main() -> std::process::ExitCode {
    shared::runtime::job(outbox_relay::function())
}
