//! The binary `list-payments`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(list_payments::function())
}
