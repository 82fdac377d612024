//! Orders of the right shape that may not be: 422 with every error, each with its place, and none that only follows from another.

use serde_json::{Value, json};

use super::{Expected, Trial, put, whole_order};

/// The largest amount: 2^53 − 1.
const MAX: i64 = 9_007_199_254_740_991;

/// What is put where, and the errors that this makes.
type Rule<'a> = (&'a [(&'a str, Value)], &'a [(&'a str, &'a str)]);

async fn judge(trial: &mut Trial, rules: &[Rule<'_>]) {
    for (changes, errors) in rules {
        let mut order = whole_order();
        for (pointer, value) in *changes {
            put(&mut order, pointer, value.clone());
        }
        let name: String = format!("{changes:?}").chars().take(200).collect();
        trial.order(&name, order.to_string(), &Expected::invalid(errors)).await;
    }
}

#[tokio::test]
async fn numbers_have_their_ranges() {
    let mut trial = Trial::begin().await;
    for pointer in ["/shipping", "/shipping_tax", "/discount", "/lines/0/unit_price", "/lines/0/discount", "/lines/0/tax"] {
        for wrong in [-1, MAX + 1, i64::MAX, i64::MIN] {
            judge(&mut trial, &[(&[(pointer, wrong.into())], &[(pointer, "out_of_range")])]).await;
        }
    }
    for wrong in [0, -1, MAX + 1, i64::MIN] {
        judge(&mut trial, &[(&[("/payments/0/amount", wrong.into())], &[("/payments/0/amount", "out_of_range")])]).await;
    }
    for wrong in [0, -1, 1_000_001, 4_294_967_295, 4_294_967_296, 4_294_967_298, i64::MAX, i64::MIN] {
        judge(&mut trial, &[(&[("/lines/0/quantity", wrong.into())], &[("/lines/0/quantity", "out_of_range")])]).await;
    }
    trial.end(36).await;
}

#[tokio::test]
async fn texts_have_their_lengths_and_characters() {
    let places = [
        ("/external_reference", 128),
        ("/customer/reference", 128),
        ("/customer/email", 255),
        ("/customer/name", 255),
        ("/customer/phone", 255),
        ("/shipping_address/name", 255),
        ("/shipping_address/line1", 255),
        ("/shipping_address/line2", 255),
        ("/shipping_address/postal_code", 255),
        ("/shipping_address/city", 255),
        ("/shipping_address/region", 255),
        ("/billing_address/name", 255),
        ("/billing_address/city", 255),
        ("/lines/0/sku", 64),
        ("/lines/0/name", 255),
        ("/payments/0/method", 64),
        ("/payments/0/token", 512),
    ];
    let mut trial = Trial::begin().await;
    for (pointer, max) in places {
        for (wrong, code) in [
            (String::new(), "length"),
            ("x".repeat(max + 1), "length"),
            // Characters are counted, not bytes.
            ("ß".repeat(max + 1), "length"),
            ("a\0b".to_owned(), "control_character"),
            ("a\nb".to_owned(), "control_character"),
            ("a\u{7f}".to_owned(), "control_character"),
            ("\u{85}".to_owned(), "control_character"),
            ("\u{1b}[2J".to_owned(), "control_character"),
        ] {
            judge(&mut trial, &[(&[(pointer, wrong.into())], &[(pointer, code)])]).await;
        }
    }
    for pointer in ["/shipping_address/country", "/billing_address/country"] {
        for wrong in ["", "A", "at", "At", "AUT", "A1", "ÄT", "A\0"] {
            judge(&mut trial, &[(&[(pointer, wrong.into())], &[(pointer, "unknown_country")])]).await;
        }
    }
    for wrong in ["", "EU", "eur", "Eur", "EURO", "EUX", "XXX", "XAU", "E\0R", "€€€", " EUR", "EUR ", "BTC"] {
        judge(&mut trial, &[(&[("/currency", wrong.into())], &[("/currency", "unknown_currency")])]).await;
    }
    trial.end(165).await;
}

#[tokio::test]
async fn metadata_is_kept_or_refused_and_never_changed() {
    let many = |count: usize| Value::Object((0..count).map(|index| (format!("k{index}"), Value::Null)).collect());
    let large = json!({ "blob": "x".repeat(16 * 1024 - 10) });
    let mut trial = Trial::begin().await;
    for place in ["/metadata", "/lines/0/metadata"] {
        let at = |rest: &str| format!("{place}{rest}");
        judge(
            &mut trial,
            &[
                (&[(place, many(51))], &[(place, "too_many")]),
                (&[(place, large.clone())], &[(place, "too_large")]),
                (&[(place, json!({ "a": "\0" }))], &[(&at("/a"), "control_character")]),
                (&[(place, json!({ "a\0": 1 }))], &[(&at("/a\0"), "control_character")]),
                (&[(place, json!({ "a": [1, { "b/c": "\0" }] }))], &[(&at("/a/1/b~1c"), "control_character")]),
                (&[(place, json!({ "a": MAX + 1 }))], &[(&at("/a"), "out_of_range")]),
                (&[(place, json!({ "a": u64::MAX }))], &[(&at("/a"), "out_of_range")]),
                (&[(place, json!({ "a": 1e300 }))], &[(&at("/a"), "out_of_range")]),
                (&[(place, json!({ "a": 1e-300 }))], &[(&at("/a"), "out_of_range")]),
            ],
        )
        .await;
    }
    trial.end(18).await;
}

#[tokio::test]
async fn sums_must_fit_one_another() {
    let line = whole_order()["lines"][0].clone();
    let tender = |amount: i64| json!({ "method": "card", "token": "tok_visa", "amount": amount, "capture": "automatic" });
    let mut dear = line.clone();
    dear["unit_price"] = (MAX / 2).into();
    let mut trial = Trial::begin().await;
    judge(
        &mut trial,
        &[
            (&[("/expected_total", 3437.into())], &[("/expected_total", "mismatch")]),
            (&[("/expected_total", 3439.into())], &[("/expected_total", "mismatch")]),
            (&[("/expected_total", 0.into())], &[("/expected_total", "mismatch")]),
            (&[("/expected_total", (-3438).into())], &[("/expected_total", "mismatch")]),
            (&[("/payments/0/amount", 3439.into())], &[("/payments", "exceeds_total")]),
            (&[("/payments", json!([tender(3438), tender(1)]))], &[("/payments", "exceeds_total")]),
            (&[("/payments", json!([tender(MAX), tender(MAX)]))], &[("/payments", "out_of_range")]),
            (&[("/lines/0/discount", 2501.into())], &[("/lines/0/discount", "out_of_range")]),
            (&[("/discount", 2401.into())], &[("/discount", "out_of_range")]),
            (&[("/lines/0/unit_price", MAX.into())], &[("/lines/0/unit_price", "out_of_range")]),
            (&[("/shipping", MAX.into())], &[("", "out_of_range")]),
            (&[("/shipping_tax", MAX.into())], &[("", "out_of_range")]),
            (&[("/lines", json!([dear, dear, dear]))], &[("", "out_of_range")]),
            (&[("/lines/0/tax", MAX.into())], &[("", "out_of_range")]),
        ],
    )
    .await;
    trial.end(14).await;
}

#[tokio::test]
async fn lists_have_their_lengths() {
    let order = whole_order();
    let (line, tender) = (&order["lines"][0], &order["payments"][0]);
    let mut trial = Trial::begin().await;
    judge(
        &mut trial,
        &[
            (&[("/lines", json!([]))], &[("/lines", "length")]),
            (&[("/lines", json!(vec![line; 1001]))], &[("/lines", "length")]),
            (&[("/payments", json!(vec![tender; 11]))], &[("/payments", "too_many")]),
            (&[("/shipping_address", Value::Null)], &[("/shipping_address", "required")]),
        ],
    )
    .await;
    trial.end(4).await;
}

#[tokio::test]
async fn every_error_is_told_and_none_that_only_follows() {
    let mut trial = Trial::begin().await;
    let mut line = whole_order()["lines"][0].clone();
    line["sku"] = "".into();
    line["tax"] = (-1).into();
    judge(
        &mut trial,
        &[
            (
                &[
                    ("/currency", "eur".into()),
                    ("/customer/email", "".into()),
                    ("/lines/0/quantity", 0.into()),
                    ("/payments/0/amount", 0.into()),
                ],
                &[
                    ("/currency", "unknown_currency"),
                    ("/customer/email", "length"),
                    ("/lines/0/quantity", "out_of_range"),
                    ("/payments/0/amount", "out_of_range"),
                ],
            ),
            // The total cannot be known without the price, so nothing is said of it, nor of the tenders that it covers.
            (&[("/lines/0/unit_price", (-1).into())], &[("/lines/0/unit_price", "out_of_range")]),
            (
                &[("/lines", json!([line, line]))],
                &[
                    ("/lines/0/sku", "length"),
                    ("/lines/0/tax", "out_of_range"),
                    ("/lines/1/sku", "length"),
                    ("/lines/1/tax", "out_of_range"),
                ],
            ),
            (
                &[("/expected_total", 1.into()), ("/payments/0/amount", 3439.into()), ("/metadata", json!({ "a": "\0" }))],
                &[("/expected_total", "mismatch"), ("/payments", "exceeds_total"), ("/metadata/a", "control_character")],
            ),
        ],
    )
    .await;
    // A thousand wrong lines make two thousand errors; nobody reads more than a hundred.
    let mut order = whole_order();
    order["lines"] = json!(vec![line; 1_000]);
    let answer = trial.caller.post("/v1/orders").new_key().json(&order).send().await.problem(422, "validation_failed");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 100);
    trial.end(4).await;
}
