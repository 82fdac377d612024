//! The process of get-order-history.

fn main() -> std::process::ExitCode {
    shared::runtime::http(get_order_history::function())
}
