//! The process of send-payment-operation.

fn main() -> std::process::ExitCode {
    shared::runtime::consumer(send_payment_operation::function())
}
