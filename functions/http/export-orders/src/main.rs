//! The process of export-orders.

fn main() -> std::process::ExitCode {
    shared::runtime::http(export_orders::function())
}
