//! The process of reconcile-payments.

fn main() -> std::process::ExitCode {
    shared::runtime::job(reconcile_payments::function())
}
