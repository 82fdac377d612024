//! Services of others that we call: today the payment service.
//!
//! Only commands call partners, and never inside a transaction. A partner client turns every way in which a call can end into one
//! of few answers; it never guesses that a call without an answer had no effect.

mod payment_contract;
mod payment_service;

pub use self::{
    payment_contract::{Answer, Inquiry, OperationRequest},
    payment_service::PaymentService,
};
