//! The process of create-tenant.

fn main() -> std::process::ExitCode {
    shared::runtime::http(create_tenant::function())
}
