//! JSON of another shape than an order's: 422 with a pointer to the first thing that does not fit.

use serde_json::{Value, json};

use super::{Expected, Trial, order_with, put, whole_order};

/// Members for which null says the same as leaving them out.
const NULLABLE: [&str; 13] = [
    "/external_reference",
    "/customer/reference",
    "/customer/email",
    "/customer/name",
    "/customer/phone",
    "/shipping_address",
    "/shipping_address/line2",
    "/shipping_address/region",
    "/billing_address",
    "/billing_address/line2",
    "/billing_address/region",
    "/expected_total",
    "/payments/0/token",
];

/// What every order, address, line and tender must have.
const REQUIRED: [&str; 19] = [
    "/currency",
    "/lines",
    "/shipping_address/name",
    "/shipping_address/line1",
    "/shipping_address/postal_code",
    "/shipping_address/city",
    "/shipping_address/country",
    "/billing_address/name",
    "/billing_address/line1",
    "/billing_address/postal_code",
    "/billing_address/city",
    "/billing_address/country",
    "/lines/0/sku",
    "/lines/0/name",
    "/lines/0/quantity",
    "/lines/0/unit_price",
    "/payments/0/method",
    "/payments/0/amount",
    "/payments/0/capture",
];

#[tokio::test]
async fn a_value_of_another_kind_is_named_wherever_it_is() {
    let mut places = Vec::new();
    collect(&whole_order(), String::new(), &mut places);
    assert_eq!(places.len(), 44, "every member of an order: {places:?}");
    let mut trial = Trial::begin().await;
    for (pointer, value) in &places {
        for wrong in [json!(null), json!(true), json!(7), json!("text"), json!([]), json!({})] {
            let same_kind = std::mem::discriminant(value) == std::mem::discriminant(&wrong);
            if same_kind || (wrong.is_null() && NULLABLE.contains(&&**pointer)) {
                continue;
            }
            let expected = Expected::invalid(&[(pointer, "invalid_type")]);
            trial.order(&format!("{pointer} {wrong}"), order_with(pointer, &wrong.to_string()), &expected).await;
        }
    }
    trial.end(180).await;
}

/// Every place of an order with its value; what is inside of metadata is the caller's own.
fn collect(value: &Value, pointer: String, places: &mut Vec<(String, Value)>) {
    let inside: Vec<(String, &Value)> = match value {
        _ if pointer.ends_with("/metadata") => Vec::new(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (segment, value) in inside {
        collect(value, format!("{pointer}/{segment}"), places);
    }
    if !pointer.is_empty() {
        places.push((pointer, value.clone()));
    }
}

#[tokio::test]
async fn a_number_that_is_no_integer_is_refused_wherever_one_is_wanted() {
    let mut trial = Trial::begin().await;
    for pointer in [
        "/shipping",
        "/shipping_tax",
        "/discount",
        "/expected_total",
        "/lines/0/quantity",
        "/lines/0/unit_price",
        "/lines/0/discount",
        "/lines/0/tax",
        "/payments/0/amount",
    ] {
        for raw in ["12.5", "1.0", "1e2", "1E+2", "-0", "-0.0", "0.1e1"] {
            let expected = Expected::invalid(&[(pointer, "invalid_type")]);
            trial.order(&format!("{pointer} {raw}"), order_with(pointer, raw), &expected).await;
        }
        for raw in ["9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "1e300"] {
            let expected = Expected::invalid(&[(pointer, "out_of_range")]);
            trial.order(&format!("{pointer} {raw}"), order_with(pointer, raw), &expected).await;
        }
    }
    trial.end(108).await;
}

#[tokio::test]
async fn a_member_that_is_missing_is_named_where_it_belongs() {
    let mut trial = Trial::begin().await;
    for pointer in REQUIRED {
        let mut order = whole_order();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        order.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member).unwrap();
        trial.order(pointer, order.to_string(), &Expected::invalid(&[(pointer, "required")])).await;
    }
    trial.order("an empty order", "{}", &Expected::invalid(&[("/currency", "required")])).await;
    trial.end(20).await;
}

#[tokio::test]
async fn a_member_that_nobody_knows_is_named_wherever_it_is() {
    let mut trial = Trial::begin().await;
    for pointer in [
        "/surprise",
        "/Currency",
        "/currency ",
        "/externalReference",
        "/id",
        "/status",
        "/tenant_id",
        "/__proto__",
        "/",
        "/total",
        "/customer/surprise",
        "/shipping_address/surprise",
        "/billing_address/surprise",
        "/lines/0/surprise",
        "/lines/0/id",
        "/payments/0/surprise",
        "/payments/0/status",
    ] {
        for value in [json!(1), json!(null)] {
            let mut order = whole_order();
            put(&mut order, pointer, value);
            trial.order(pointer, order.to_string(), &Expected::invalid(&[(pointer, "unknown_field")])).await;
        }
    }
    let mut order = whole_order();
    order["a/b~c"] = 1.into();
    trial.order("a name to be escaped", order.to_string(), &Expected::invalid(&[("/a~1b~0c", "unknown_field")])).await;
    trial.end(35).await;
}

#[tokio::test]
async fn a_value_of_the_right_kind_with_another_meaning_is_named() {
    let positional_address = r#"["Kim", "Main St 1", null, "1010", "Wien", null, "AT"]"#;
    let mut trial = Trial::begin().await;
    for (pointer, raw, code) in [
        ("/payments/0/capture", r#""later""#, "unknown_value"),
        ("/payments/0/capture", r#""Automatic""#, "unknown_value"),
        ("/payments/0/capture", r#""""#, "unknown_value"),
        // serde would take each of these for the thing itself.
        ("/payments/0/capture", r#"{"automatic": null}"#, "invalid_type"),
        ("/customer", r#"["cus_77", "kim@example.com", "Kim", "1"]"#, "invalid_type"),
        ("/shipping_address", positional_address, "invalid_type"),
        ("/lines/0", r#"["TEA-1", "Green tea", 2, 1250]"#, "invalid_type"),
        ("/payments/0", r#"["card", "tok_visa", 3438, "automatic"]"#, "invalid_type"),
    ] {
        trial.order(&format!("{pointer} {raw}"), order_with(pointer, raw), &Expected::invalid(&[(pointer, code)])).await;
    }
    for document in ["null", "true", "1", r#""order""#, "[]", "[{}]", r#"["cart", "EUR", {}, null, null, [], 0, 0, 0, 0, [], {}]"#] {
        trial.order(document, document, &Expected::invalid(&[("", "invalid_type")])).await;
    }
    trial.end(15).await;
}
