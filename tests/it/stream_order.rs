//! `GET /v1/orders/{order_id}/stream`.

use serde_json::json;
use tests::{Options, Stack, sample};

#[tokio::test]
async fn an_order_is_followed_from_anywhere_and_no_other_is() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let (order, other) = (caller.place(&sample::order()).await, caller.place(&sample::order()).await);
    let path = format!("/v1/orders/{}/stream", order["id"].as_str().unwrap());
    caller.until_told(2).await;
    let mut live = caller.get(&path).follow().await;
    let opened = live.opened().await;
    assert_eq!((&*opened.event, &opened.json()), ("open", &json!({ "position": opened.id })));

    for placed in [&other, &order] {
        let cancel = format!("/v1/orders/{}/cancel", placed["id"].as_str().unwrap());
        caller.post(&cancel).new_key().send().await.expect(200);
    }
    let heard = live.some().await;
    assert_eq!((&*heard.event, &heard.json()["subject"]), ("order.cancellation_requested.v1", &order["id"]));

    // From the beginning of what is kept: everything of this order, in its order, and then what is new.
    let mut again = caller.get(&path).follow_from("0-0").await;
    assert_eq!(again.opened().await.id, "0-0");
    let told = [again.some().await, again.some().await];
    assert_eq!(told.each_ref().map(|frame| &*frame.event), ["order.created.v1", "order.cancellation_requested.v1"]);
    assert!(told.iter().all(|frame| frame.json()["subject"] == order["id"]));
    assert_eq!(told[1], heard);
}

#[tokio::test]
async fn a_stream_of_what_is_not_there_or_not_ones_own_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let (owner, stranger) = (stack.tenant().await, stack.tenant().await);
    let order = owner.place(&sample::order()).await;
    let path = format!("/v1/orders/{}/stream", order["id"].as_str().unwrap());
    let foreign = stranger.get(&path).send().await.problem(404, "not_found");
    let unknown = stranger.get("/v1/orders/ord_0198f000000070008000000000000001/stream").send().await.problem(404, "not_found");
    assert_eq!(foreign["title"], unknown["title"]);
    owner.get(&format!("{path}?types=order.paid.v1")).send().await.problem(422, "validation_failed");
}
