//! The process of create-session.

fn main() -> std::process::ExitCode {
    shared::runtime::http(create_session::function())
}
