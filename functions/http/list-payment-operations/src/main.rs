//! The binary `list-payment-operations`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(list_payment_operations::function())
}
