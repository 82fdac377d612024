//! `GET /v1/orders/{order_id}?expand=payments,fulfillments`: one order, with an `ETag` and `304` for the version that a caller has.

use serde::Deserialize;
use shared::{
    catalog,
    http::{
        Call, HttpFunction, Problem, Reply,
        views::{Expand, OrderView},
    },
    queries::get_order,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::GET_ORDER, |call| Box::pin(handle(call)))
}

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    #[serde(default)]
    expand: Parts,
}

/// `payments,fulfillments`: any of them, separated by commas.
#[derive(Default, Deserialize)]
#[serde(try_from = "String")]
struct Parts(Expand);

impl TryFrom<String> for Parts {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut expand = Expand::default();
        for part in text.split(',') {
            match part {
                "payments" => expand.payments = true,
                "fulfillments" => expand.fulfillments = true,
                _ => return Err("expected payments, fulfillments or both, separated by a comma"),
            }
        }
        Ok(Self(expand))
    }
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let Query { expand: Parts(expand) } = call.query()?;
    let order = get_order::execute(call.database(), call.tenant()?, call.path("order_id")?).await?;
    if call.if_none_match(order.version) {
        return Ok(Reply::not_modified(order.version));
    }
    let view = OrderView::new(&order, expand).map_err(Problem::internal)?;
    Ok(Reply::json(catalog::GET_ORDER.success, &view)?.version(order.version))
}
