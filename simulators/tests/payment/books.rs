//! The partner's books: what fits, what does not, and what is entered.

use serde_json::json;

use crate::partner::{Partner, later, operation};

#[tokio::test]
async fn an_authorization_is_taken_in_parts_and_let_go_and_nothing_more() {
    let mut partner = Partner::start().await;
    partner.post(&operation("op_1", "authorize", "tok_visa")).await;
    let steps = [
        ("capture", 400, "succeeded", [1000, 400, 0, 0, 0, 400]),
        ("capture", 601, "amount_exceeds_authorization", [1000, 400, 0, 0, 0, 400]),
        ("capture", 100, "succeeded", [1000, 500, 0, 0, 0, 500]),
        ("void", 501, "amount_exceeds_authorization", [1000, 500, 0, 0, 0, 500]),
        ("void", 500, "succeeded", [1000, 500, 500, 0, 0, 500]),
        ("void", 1, "nothing_to_void", [1000, 500, 500, 0, 0, 500]),
        ("capture", 1, "amount_exceeds_authorization", [1000, 500, 500, 0, 0, 500]),
        ("refund", 501, "amount_exceeds_captured", [1000, 500, 500, 0, 0, 500]),
        ("refund", 200, "succeeded", [1000, 500, 500, 200, 0, 300]),
        ("refund", 301, "amount_exceeds_captured", [1000, 500, 500, 200, 0, 300]),
        ("refund", 300, "succeeded", [1000, 500, 500, 500, 0, 0]),
    ];
    partner.event().await;
    for (number, (kind, amount, outcome, sums)) in steps.into_iter().enumerate() {
        let operation = later(&format!("op_2_{number}"), kind, amount);
        // The second time is the same time.
        for _ in 0..2 {
            assert_eq!(partner.outcome(&operation).await, outcome, "{kind} {amount}");
            assert_eq!(partner.sums("pay_1").await, sums, "{kind} {amount}");
        }
        assert_eq!(partner.event().await.1["amount"], amount, "{kind} {amount}");
    }
    partner.no_event().await;
}

#[tokio::test]
async fn a_capture_takes_money_directly_unless_an_authorization_was_asked_for() {
    let partner = Partner::start().await;
    partner.post(&operation("op_1", "capture", "tok_visa")).await;
    assert_eq!(partner.sums("pay_1").await, [0, 1000, 0, 0, 0, 1000]);
    assert_eq!(partner.outcome(&later("op_2", "void", 1000)).await, "nothing_to_void");

    let mut declined = operation("op_3", "authorize", "tok_declined");
    let mut capture = operation("op_4", "capture", "tok_ok");
    for operation in [&mut declined, &mut capture] {
        operation["payment_id"] = "pay_2".into();
    }
    assert_eq!(partner.outcome(&declined).await, "card_declined");
    assert_eq!(partner.outcome(&capture).await, "amount_exceeds_authorization");
    assert_eq!(partner.sums("pay_2").await, [0; 6]);
}

#[tokio::test]
async fn an_amount_or_a_currency_that_cannot_be_fails_for_good() {
    let partner = Partner::start().await;
    partner.post(&operation("op_1", "authorize", "tok_visa")).await;
    for (number, amount) in [0, -1, 1 << 53].into_iter().enumerate() {
        assert_eq!(partner.outcome(&later(&format!("op_2_{number}"), "authorize", amount)).await, "invalid_amount");
    }
    let mut foreign = later("op_3", "capture", 1000);
    foreign["currency"] = "JPY".into();
    assert_eq!(partner.outcome(&foreign).await, "currency_mismatch");
    assert_eq!(partner.sums("pay_1").await, [1000, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn tenants_do_not_share_a_payment_of_the_same_name() {
    let partner = Partner::start().await;
    partner.post(&operation("op_1", "capture", "tok_visa")).await;
    let mut foreign = later("op_2", "refund", 1000);
    foreign["tenant_id"] = "ten_2".into();
    assert_eq!(partner.outcome(&foreign).await, "amount_exceeds_captured");
    let book = |tenant: &str, captured: i64| {
        json!({ "tenant_id": tenant, "order_id": "ord_1", "payment_id": "pay_1", "currency": "EUR", "authorized": 0,
                "captured": captured, "voided": 0, "refunded": 0, "reversed": 0, "net": captured })
    };
    assert_eq!(partner.payments().await, json!([book("ten_1", 1000), book("ten_2", 0)]));
}
