//! The process of list-orders.

fn main() -> std::process::ExitCode {
    shared::runtime::http(list_orders::function())
}
