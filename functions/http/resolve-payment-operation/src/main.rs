//! The binary `resolve-payment-operation`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(resolve_payment_operation::function())
}
