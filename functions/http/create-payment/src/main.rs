//! The binary `create-payment`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(create_payment::function())
}
