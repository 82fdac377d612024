//! Requests that nobody should send: each is refused with the right status, code and places, and writes nothing.
//!
//! The tables say what is wrong with an otherwise good request. In reading order: `documents` are bytes that are no JSON, `shapes`
//! JSON of another shape, `rules` orders of the right shape that may not be, `edges` the last ones that may; `reading` is about paths,
//! queries and cursors, `headers` about what stands before the body, `wire` about what is hardly HTTP.

mod documents;
mod edges;
mod headers;
mod reading;
mod rules;
mod shapes;
mod wire;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Answer, Caller, Options, Stack};

/// An order with every member that there is.
fn whole_order() -> Value {
    let address = json!({
        "name": "Kim Lee", "line1": "Main St 1", "line2": "Door 2", "postal_code": "1010", "city": "Wien", "region": "Wien", "country": "AT"
    });
    json!({
        "external_reference": "cart-1842",
        "currency": "EUR",
        "customer": { "reference": "cus_77", "email": "kim@example.com", "name": "Kim Lee", "phone": "+43 1 2345678" },
        "shipping_address": address,
        "billing_address": address,
        "lines": [{
            "sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": 1250, "discount": 100, "tax": 500, "requires_shipping": true,
            "metadata": { "shelf": 7 }
        }],
        "shipping": 490,
        "shipping_tax": 98,
        "discount": 50,
        "expected_total": 3438,
        "payments": [{ "method": "card", "token": "tok_visa", "amount": 3438, "capture": "automatic" }],
        "metadata": { "channel": "web" }
    })
}

/// The whole order as text, with `raw` at the place of `pointer`: a token that need not be JSON.
fn order_with(pointer: &str, raw: &str) -> String {
    const PLACE: &str = "the place of the raw token";
    let mut order = whole_order();
    put(&mut order, pointer, PLACE.into());
    order.to_string().replace(&format!("\"{PLACE}\""), raw)
}

/// Puts a value at a pointer, into an object that may not have the member yet.
fn put(order: &mut Value, pointer: &str, value: Value) {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = order.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer} leads nowhere"));
    match parent {
        Value::Array(items) => items[member.parse::<usize>().unwrap()] = value,
        parent => parent[member] = value,
    }
}

/// A service, a tenant's program, and the answers that were not as the tables say.
struct Trial {
    stack: Stack,
    caller: Caller,
    before: BTreeMap<String, String>,
    count: usize,
    wrong: Vec<String>,
}

impl Trial {
    async fn begin() -> Self {
        let stack = Stack::start(Options::http()).await;
        let caller = stack.tenant().await;
        // The first order fetches a block of numbers; after it, nothing that is refused may leave a trace.
        caller.place(&tests::sample::order()).await;
        let before = stack.sql().contents().await;
        Self { stack, caller, before, count: 0, wrong: Vec::new() }
    }

    /// Sends a body as a new order.
    async fn order(&mut self, name: &str, body: impl Into<Vec<u8>>, expected: &Expected<'_>) {
        let request = self.caller.post("/v1/orders").new_key().header("content-type", "application/json").bytes(body);
        let answer = request.send().await;
        self.judge(name, &answer, expected);
    }

    fn judge(&mut self, name: &str, answer: &Answer, expected: &Expected<'_>) {
        self.count += 1;
        if let Some(difference) = expected.difference(answer) {
            self.wrong.push(format!("{name}: {difference}, answered {} {}", answer.status, String::from_utf8_lossy(&answer.body)));
        }
    }

    /// Every answer was as expected, and nothing was written.
    async fn end(self, at_least: usize) {
        assert!(self.wrong.is_empty(), "{} of {} answers are wrong:\n{}", self.wrong.len(), self.count, self.wrong.join("\n"));
        assert!(self.count >= at_least, "the table shrank to {}", self.count);
        assert_eq!(self.stack.sql().contents().await, self.before);
    }
}

/// What a refusal must say.
struct Expected<'a> {
    status: u16,
    code: &'a str,
    /// Pointers and codes, all of them, in any order.
    errors: Vec<(&'a str, &'a str)>,
    parameter: Option<&'a str>,
}

impl<'a> Expected<'a> {
    const fn new(status: u16, code: &'a str) -> Self {
        Self { status, code, errors: Vec::new(), parameter: None }
    }

    const fn malformed() -> Self {
        Self::new(400, "malformed")
    }

    /// 422 with exactly these errors.
    fn invalid(errors: &[(&'a str, &'a str)]) -> Self {
        Self { errors: errors.to_vec(), ..Self::new(422, "validation_failed") }
    }

    fn parameter(self, parameter: &'a str) -> Self {
        Self { parameter: Some(parameter), ..self }
    }

    fn difference(&self, answer: &Answer) -> Option<String> {
        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if (answer.status, problem["code"].as_str()) != (self.status, Some(self.code)) {
            return Some(format!("expected {} {}", self.status, self.code));
        }
        if answer.header("content-type") != "application/problem+json" || problem["request_id"] != answer.header("x-request-id") {
            return Some("expected a whole problem".to_owned());
        }
        let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<_> = errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect();
        let mut wanted = self.errors.clone();
        found.sort_unstable();
        wanted.sort_unstable();
        if found != wanted {
            return Some(format!("expected the errors {wanted:?}"));
        }
        (problem["parameter"].as_str() != self.parameter).then(|| format!("expected the parameter {:?}", self.parameter))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[tokio::test]
async fn the_whole_order_is_a_good_one() {
    let stack = Stack::start(Options::http()).await;
    stack.tenant().await.place(&whole_order()).await;
}
