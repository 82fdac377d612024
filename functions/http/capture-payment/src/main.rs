//! The binary `capture-payment`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(capture_payment::function())
}
