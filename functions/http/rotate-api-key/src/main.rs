//! The process of rotate-api-key.

fn main() -> std::process::ExitCode {
    shared::runtime::http(rotate_api_key::function())
}
