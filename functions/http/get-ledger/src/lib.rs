//! `GET /v1/orders/{order_id}/ledger`: the books of one order, verified, with an `ETag` and `304` for the version that a caller has.

use shared::{
    catalog,
    http::{Call, HttpFunction, Problem, Reply, views::LedgerView},
    queries::get_ledger,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::GET_LEDGER, |call| Box::pin(handle(call))).answers::<LedgerView<'_>>().versioned()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let books = get_ledger::execute(call.database(), call.tenant()?, call.path("order_id")?).await?;
    if call.if_none_match(books.version) {
        return Ok(Reply::not_modified(books.version));
    }
    Ok(Reply::json(catalog::GET_LEDGER.success, &LedgerView::new(&books))?.version(books.version))
}
