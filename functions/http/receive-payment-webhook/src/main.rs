//! The process of receive-payment-webhook.

fn main() -> std::process::ExitCode {
    shared::runtime::http(receive_payment_webhook::function())
}
