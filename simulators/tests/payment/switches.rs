//! The switches by which a test moves what waits, and undoes what succeeded.

use serde_json::json;

use crate::partner::{Partner, later, operation};

#[tokio::test]
async fn the_customer_completes_an_action_once() {
    let mut partner = Partner::start().await;
    let (_, waiting) = partner.post(&operation("op_1", "capture", "tok_action")).await;
    partner.event().await;
    assert_eq!(partner.sums("pay_1").await, [0; 6]);
    let url = waiting["next_action"]["url"].as_str().unwrap();
    assert_eq!(partner.client.get(url).send().await.unwrap().status(), 200);
    assert_eq!(partner.event().await.0, "payment.captured.v1");
    assert_eq!(partner.client.get(url).send().await.unwrap().status(), 404);
    assert_eq!(partner.sums("pay_1").await, [0, 1000, 0, 0, 0, 1000]);
    assert_eq!(partner.outcome(&later("op_2", "refund", 1000)).await, "succeeded", "a refund asks nothing of the customer");
}

#[tokio::test]
async fn a_late_operation_ends_when_the_test_says_so() {
    let mut partner = Partner::start().await;
    let capture = operation("op_1", "capture", "tok_late");
    for _ in 0..2 {
        assert_eq!(partner.post(&capture).await.0, 202);
    }
    partner.no_event().await;
    assert_eq!(partner.sums("pay_1").await, [0; 6]);
    let (status, finished) = partner.switch("operations/op_1/finish").await;
    assert_eq!((status, &finished["status"]), (200, &json!("succeeded")));
    assert_eq!(partner.event().await, ("payment.captured.v1".into(), finished.clone()));
    assert_eq!(partner.get("op_1").await, (200, finished));
    assert_eq!(partner.sums("pay_1").await, [0, 1000, 0, 0, 0, 1000]);
    assert_eq!(partner.switch("operations/op_1/finish").await.0, 404, "it is finished once");
    assert_eq!(partner.switch("operations/op_2/finish").await.0, 404);
}

#[tokio::test]
async fn the_books_decide_when_an_operation_ends_not_when_it_is_asked_for() {
    let partner = Partner::start().await;
    partner.post(&operation("op_1", "authorize", "tok_visa")).await;
    let mut late = later("op_2", "capture", 1000);
    late["token"] = "tok_late".into();
    partner.post(&late).await;
    // The payment has the mood of the late token from now on; this void brings one of its own.
    let mut void = later("op_3", "void", 1000);
    void["token"] = "tok_ok".into();
    assert_eq!(partner.outcome(&void).await, "succeeded");
    let (_, finished) = partner.switch("operations/op_2/finish").await;
    assert_eq!(finished["failure"]["code"], "amount_exceeds_authorization");
    assert_eq!(partner.sums("pay_1").await, [1000, 0, 1000, 0, 0, 0]);
}

#[tokio::test]
async fn even_what_would_never_be_decided_can_be_finished() {
    let mut partner = Partner::start().await;
    partner.post_unanswered(&operation("op_1", "capture", "tok_never")).await;
    assert_eq!(partner.switch("operations/op_1/finish").await.0, 200);
    assert_eq!(partner.event().await.0, "payment.captured.v1");
    assert_eq!(partner.get("op_1").await.1["status"], "succeeded");
}

#[tokio::test]
async fn an_authorization_expires_with_what_is_left_of_it() {
    let mut partner = Partner::start().await;
    partner.post(&operation("op_1", "authorize", "tok_visa")).await;
    partner.post(&later("op_2", "capture", 300)).await;
    for _ in 0..2 {
        partner.event().await;
    }
    assert_eq!(partner.switch("operations/op_2/expire").await.0, 404, "a capture does not expire");
    assert_eq!(partner.switch("operations/op_1/expire").await.0, 200);
    let (told, about) = partner.event().await;
    assert_eq!(told, "payment.expired.v1");
    assert_eq!((&about["id"], &about["kind"], &about["status"]), (&json!("op_1"), &json!("authorize"), &json!("succeeded")));
    assert_eq!(partner.sums("pay_1").await, [300, 300, 0, 0, 0, 300]);
    assert_eq!(partner.outcome(&later("op_3", "capture", 1)).await, "amount_exceeds_authorization");
    assert_eq!(partner.switch("operations/op_1/expire").await.0, 404, "it expires once");
}

#[tokio::test]
async fn a_refund_comes_back_once_and_can_be_given_again() {
    let mut partner = Partner::start().await;
    partner.post(&operation("op_1", "capture", "tok_visa")).await;
    partner.post(&later("op_2", "refund", 400)).await;
    for _ in 0..2 {
        partner.event().await;
    }
    assert_eq!(partner.switch("operations/op_1/reverse").await.0, 404, "a capture is not reversed");
    assert_eq!(partner.switch("operations/op_2/reverse").await.0, 200);
    let (told, about) = partner.event().await;
    assert_eq!((told.as_str(), &about["id"], &about["status"]), ("refund.reversed.v1", &json!("op_2"), &json!("succeeded")));
    assert_eq!(partner.sums("pay_1").await, [0, 1000, 0, 400, 400, 1000]);
    assert_eq!(partner.switch("operations/op_2/reverse").await.0, 404, "it is reversed once");
    assert_eq!(partner.outcome(&later("op_3", "refund", 1000)).await, "succeeded");
    assert_eq!(partner.sums("pay_1").await[5], 0);
}

#[tokio::test]
async fn the_mood_of_ordinary_tokens_can_be_switched() {
    let partner = Partner::start().await;
    assert_eq!(partner.set("mood", &json!({ "mood": "declined" })).await, 204);
    assert_eq!(partner.outcome(&operation("op_1", "capture", "tok_visa")).await, "card_declined");
    assert_eq!(partner.set("mood", &json!({ "mood": "ok" })).await, 204);
    assert_eq!(partner.outcome(&operation("op_2", "capture", "tok_visa")).await, "succeeded");
    assert_eq!(partner.set("mood", &json!({ "mood": "sunny" })).await, 400);
}
