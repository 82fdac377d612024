//! The process of on-inventory-event.

fn main() -> std::process::ExitCode {
    shared::runtime::consumer(on_inventory_event::function())
}
