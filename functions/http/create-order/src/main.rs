//! The process of create-order.

fn main() -> std::process::ExitCode {
    shared::runtime::http(create_order::function())
}
