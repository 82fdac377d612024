//! Asks the payment service what became of operations that have no outcome yet, ever more seldom; after the last question a person must
//! look.

use shared::{
    catalog,
    runtime::{JobFunction, jobs},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> JobFunction {
    JobFunction::asking_payment_service(&catalog::RECONCILE_PAYMENTS, jobs::reconcile_payments)
}
