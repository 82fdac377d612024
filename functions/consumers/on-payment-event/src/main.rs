//! The process of on-payment-event.

fn main() -> std::process::ExitCode {
    shared::runtime::consumer(on_payment_event::function())
}
