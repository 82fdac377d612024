//! The process of expire-orders.

fn main() -> std::process::ExitCode {
    shared::runtime::job(expire_orders::function())
}
