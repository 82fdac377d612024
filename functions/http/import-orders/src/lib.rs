//! `POST /v1/orders/import`: places many orders, one a line (NDJSON), and answers line by line, in their order.
//!
//! Each line is the body of create-order with an `external_reference`, which is its key for ever: a line that comes again is answered
//! with the order that it placed. So a call needs no `Idempotency-Key`: sent again, whole or in part, it finds every line there.

use shared::{
    catalog,
    http::{
        Call, HttpFunction, Problem, Reply, bulk,
        views::{ImportLine, ImportedLineView},
    },
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::IMPORT_ORDERS, |call| Box::pin(handle(call)))
        .takes_lines::<ImportLine>(include_str!("example.json"), bulk::LINES_MAX)
        .answers_lines::<ImportedLineView>()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    bulk::import_orders(&call).await
}
