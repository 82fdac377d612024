//! The binary `cancel-order`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::http(cancel_order::function())
}
