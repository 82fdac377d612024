//! The process of on-order-event.

fn main() -> std::process::ExitCode {
    shared::runtime::consumer(on_order_event::function())
}
