//! Lets payment deadlines pass. Before an order expires the payment service is asked about everything that should have brought money.

use shared::{
    catalog,
    runtime::{JobFunction, jobs},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> JobFunction {
    JobFunction::asking_payment_service(&catalog::EXPIRE_ORDERS, jobs::expire_orders)
}
