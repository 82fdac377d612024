//! The process of list-api-keys.

fn main() -> std::process::ExitCode {
    shared::runtime::http(list_api_keys::function())
}
