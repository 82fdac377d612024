//! The process of create-api-key.

fn main() -> std::process::ExitCode {
    shared::runtime::http(create_api_key::function())
}
