//! `POST /v1/orders`.

use tests::{Options, Stack, sample};

#[tokio::test]
async fn an_order_is_placed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    assert_eq!(order["status"], "pending");
}

#[tokio::test]
async fn whole_order() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    caller.order_once(order["id"].as_str().unwrap(), "status", "completed").await;
}
