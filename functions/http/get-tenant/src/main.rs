//! The process of get-tenant.

fn main() -> std::process::ExitCode {
    shared::runtime::http(get_tenant::function())
}
