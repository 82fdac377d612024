//! The process of audit-ledger.

fn main() -> std::process::ExitCode {
    shared::runtime::job(audit_ledger::function())
}
