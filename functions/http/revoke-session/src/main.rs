//! The process of revoke-session.

fn main() -> std::process::ExitCode {
    shared::runtime::http(revoke_session::function())
}
