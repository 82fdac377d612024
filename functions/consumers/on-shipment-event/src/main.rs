//! The process of on-shipment-event.

fn main() -> std::process::ExitCode {
    shared::runtime::consumer(on_shipment_event::function())
}
