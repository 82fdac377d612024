//! The binary `refund-order`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(refund_order::function())
}
