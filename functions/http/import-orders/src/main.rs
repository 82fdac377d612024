//! The process of import-orders.

fn main() -> std::process::ExitCode {
    shared::runtime::http(import_orders::function())
}
