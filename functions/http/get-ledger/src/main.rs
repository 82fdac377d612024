//! The binary `get-ledger`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(get_ledger::function())
}
