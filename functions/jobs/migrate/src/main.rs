//! The process of migrate.

fn main() -> std::process::ExitCode {
    shared::runtime::job(migrate::function())
}
