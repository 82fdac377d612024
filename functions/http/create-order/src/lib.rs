//! `POST /v1/orders`: place an order, optionally with its payments.
//!
//! The body is [`OrderRequest`]; the answer is the order, stored with the effect and replayed byte for byte for its key.

use shared::{
    catalog,
    commands::create_order,
    domain::order::request::OrderRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::CREATE_ORDER, |call| Box::pin(handle(call)))
        .takes::<OrderRequest>(include_str!("example.json"))
        .answers::<views::OrderView<'_>>()
        .versioned()
        .or_answers(200, "The order as it is now: the key placed it longer ago than its first answer is kept.")
        .refuses(&[Code::DuplicateExternalReference])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: OrderRequest = call.json()?;
    let policy = &call.principal()?.policy;
    let executed = create_order::execute(call.context(), &call.origin()?, policy, request, &views::placed).await?;
    Ok(executed.into())
}
