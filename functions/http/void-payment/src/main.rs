//! The binary `void-payment`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(void_payment::function())
}
