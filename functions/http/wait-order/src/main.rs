//! The process of get-order.

fn main() -> std::process::ExitCode {
    shared::runtime::http(wait_order::function())
}
