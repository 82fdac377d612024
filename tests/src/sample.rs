//! Orders to place: the example of the API's documentation, and the changes that tests make to it.

use serde_json::{Value, json};

/// The e-mail address of every sample, to be looked for where it must not be.
pub const EMAIL: &str = "kim@example.com";

/// The order of the documentation: two packs of tea, shipping, one card payment of 3490.
#[must_use]
pub fn order() -> Value {
    json!({
        "currency": "EUR",
        "customer": { "reference": "cus_77", "email": EMAIL, "name": "Kim Lee" },
        "shipping_address": { "name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT" },
        "lines": [{ "sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": 1250, "discount": 0, "tax": 500 }],
        "shipping": 490,
        "discount": 0,
        "expected_total": 3490,
        "payments": [{ "method": "card", "token": "tok_visa", "amount": 3490, "capture": "automatic" }],
        "metadata": { "channel": "web" }
    })
}

/// The sample with this stock-keeping unit, which chooses how inventory and shipping behave.
#[must_use]
pub fn with_sku(sku: &str) -> Value {
    with(|order| order["lines"][0]["sku"] = sku.into())
}

/// The sample paid with this token, which chooses how the payment partner behaves.
#[must_use]
pub fn with_token(token: &str) -> Value {
    with(|order| order["payments"][0]["token"] = token.into())
}

/// The sample whose money is set aside and taken later by a call of its own, paid with this token.
#[must_use]
pub fn manual(token: &str) -> Value {
    with(|order| {
        order["payments"][0]["capture"] = "manual".into();
        order["payments"][0]["token"] = token.into();
    })
}

/// The sample after a change.
#[must_use]
pub fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut order = order();
    change(&mut order);
    order
}
