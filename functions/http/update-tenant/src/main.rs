//! The process of update-tenant.

fn main() -> std::process::ExitCode {
    shared::runtime::http(update_tenant::function())
}
