//! What each mood answers and tells.

use serde_json::json;

use crate::partner::{Partner, later, operation};

#[tokio::test]
async fn each_mood_answers_and_tells_what_it_promises() {
    let mut partner = Partner::start().await;
    let cases = [
        ("authorize", "tok_visa", 200, "succeeded", "payment.authorized.v1", 1),
        ("capture", "tok_visa", 200, "succeeded", "payment.captured.v1", 1),
        ("capture", "tok_declined", 200, "failed", "payment.failed.v1", 1),
        ("capture", "tok_duplicate", 200, "succeeded", "payment.captured.v1", 3),
        ("capture", "tok_twice", 200, "succeeded", "payment.captured.v1", 2),
        ("capture", "tok_event_first", 200, "succeeded", "payment.captured.v1", 1),
        ("capture", "tok_slow", 200, "succeeded", "payment.captured.v1", 1),
        ("capture", "tok_silent", 202, "pending", "payment.captured.v1", 1),
        ("authorize", "tok_action", 200, "requires_action", "payment.requires_action.v1", 1),
    ];
    for (number, (kind, token, status, state, r#type, copies)) in cases.into_iter().enumerate() {
        let mut operation = operation(&format!("op_{number}"), kind, token);
        operation["payment_id"] = format!("pay_{number}").into();
        let answer = partner.post(&operation).await;
        assert_eq!((answer.0, &answer.1["status"]), (status, &json!(state)), "{kind} {token}");
        for _ in 0..copies {
            let (told, about) = partner.event().await;
            assert_eq!((told.as_str(), &about["id"]), (r#type, &operation["id"]), "{kind} {token}");
        }
    }
    partner.no_event().await;
    assert_eq!(partner.get("op_2").await.1["failure"]["code"], "card_declined");
}

#[tokio::test]
async fn a_later_operation_is_as_its_payment_is() {
    let mut partner = Partner::start().await;
    partner.post(&operation("op_1", "authorize", "tok_duplicate")).await;
    for id in ["op_2", "op_3"] {
        let kind = if id == "op_2" { "capture" } else { "refund" };
        partner.post(&later(id, kind, 1000)).await;
    }
    let mut other = later("op_4", "capture", 1000);
    other["payment_id"] = "pay_2".into();
    partner.post(&other).await;
    let mut told = Vec::new();
    for _ in 0..10 {
        told.push(partner.event().await.1["id"].as_str().unwrap().to_owned());
    }
    told.sort();
    assert_eq!(told, ["op_1", "op_1", "op_1", "op_2", "op_2", "op_2", "op_3", "op_3", "op_3", "op_4"]);
}

#[tokio::test]
async fn a_timeout_charges_all_the_same() {
    let mut partner = Partner::start().await;
    partner.post_unanswered(&operation("op_1", "capture", "tok_timeout")).await;
    assert_eq!(partner.event().await.0, "payment.captured.v1");
    assert_eq!(partner.get("op_1").await.1["status"], "succeeded");
    assert_eq!(partner.sums("pay_1").await, [0, 1000, 0, 0, 0, 1000]);
}

#[tokio::test]
async fn an_operation_that_is_never_decided_stays_pending_and_moves_nothing() {
    let mut partner = Partner::start().await;
    let capture = operation("op_1", "capture", "tok_never");
    for _ in 0..2 {
        partner.post_unanswered(&capture).await;
        assert_eq!(partner.get("op_1").await, (200, partner.listed().await[0]["operation"].clone()));
        assert_eq!(partner.get("op_1").await.1["status"], "pending");
    }
    partner.no_event().await;
    assert_eq!(partner.sums("pay_1").await, [0; 6]);
}

#[tokio::test]
async fn a_lost_operation_was_never_seen_and_succeeds_when_it_is_sent_again() {
    let mut partner = Partner::start().await;
    let capture = operation("op_1", "capture", "tok_lost");
    // A caller's own retries are lost as well: only a question tells what became of them.
    for _ in 0..2 {
        partner.post_unanswered(&capture).await;
    }
    assert_eq!(partner.sums("pay_1").await, [0; 6]);
    assert_eq!(partner.get("op_1").await.0, 404);
    assert_eq!(partner.outcome(&capture).await, "succeeded");
    assert_eq!(partner.event().await.0, "payment.captured.v1");
    assert_eq!(partner.sums("pay_1").await, [0, 1000, 0, 0, 0, 1000]);
}

#[tokio::test]
async fn a_mute_partner_tells_only_who_asks() {
    let mut partner = Partner::start().await;
    for _ in 0..2 {
        let (status, answer) = partner.post(&operation("op_1", "capture", "tok_mute")).await;
        assert_eq!((status, &answer["status"]), (202, &json!("pending")));
    }
    assert_eq!(partner.get("op_1").await.1["status"], "succeeded");
    partner.no_event().await;
}

#[tokio::test]
async fn an_error_passes_with_the_third_attempt() {
    let partner = Partner::start().await;
    let capture = operation("op_1", "capture", "tok_error");
    assert_eq!(partner.post(&capture).await.0, 503);
    assert_eq!(partner.get("op_1").await.0, 404);
    assert_eq!(partner.post(&capture).await.0, 503);
    assert_eq!(partner.post(&capture).await.0, 200);
    assert_eq!(partner.listed().await[0]["posts"], 3);
}

#[tokio::test]
async fn refunds_and_voids_fail_where_their_payment_wants_it() {
    let cases = [
        ("capture", "tok_refund_declined", "refund", ["refund_declined", "refund_declined"], [0, 1000, 0, 0, 0, 1000]),
        ("capture", "tok_refund_flaky", "refund", ["refund_declined", "succeeded"], [0, 1000, 0, 1000, 0, 0]),
        ("authorize", "tok_void_declined", "void", ["void_declined", "void_declined"], [1000, 0, 0, 0, 0, 0]),
        ("authorize", "tok_refund_flaky", "void", ["succeeded", "nothing_to_void"], [1000, 0, 1000, 0, 0, 0]),
    ];
    for (first, token, kind, outcomes, sums) in cases {
        let partner = Partner::start().await;
        assert_eq!(partner.outcome(&operation("op_1", first, token)).await, "succeeded", "{token}");
        for (id, outcome) in ["op_2", "op_3"].into_iter().zip(outcomes) {
            assert_eq!(partner.outcome(&later(id, kind, 1000)).await, outcome, "{token}");
            assert_eq!(partner.outcome(&later(id, kind, 1000)).await, outcome, "{token}: the same again");
        }
        assert_eq!(partner.sums("pay_1").await, sums, "{token}");
    }
}

#[tokio::test]
async fn the_customer_may_pay_half_or_one_more() {
    let cases = [("authorize", "tok_partial", 1000, 500), ("capture", "tok_partial", 1, 1), ("capture", "tok_excess", 1000, 1001)];
    for (kind, token, asked, paid) in cases {
        let partner = Partner::start().await;
        let mut first = operation("op_1", kind, token);
        first["amount"] = asked.into();
        let (_, answer) = partner.post(&first).await;
        assert_eq!((&answer["status"], &answer["amount"]), (&json!("succeeded"), &json!(paid)), "{token}");
        if kind == "authorize" {
            assert_eq!(partner.outcome(&later("op_2", "capture", paid + 1)).await, "amount_exceeds_authorization");
            assert_eq!(partner.outcome(&later("op_3", "capture", paid)).await, "succeeded", "what was granted is taken whole");
        }
        assert_eq!(partner.outcome(&later("op_4", "refund", paid)).await, "succeeded", "what was taken is given back whole");
        assert_eq!(partner.sums("pay_1").await[5], 0, "{token}");
    }
}
