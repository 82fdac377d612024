//! The process of revoke-api-key.

fn main() -> std::process::ExitCode {
    shared::runtime::http(revoke_api_key::function())
}
