//! The process of api-docs.

fn main() -> std::process::ExitCode {
    shared::runtime::http(api_docs::function())
}
