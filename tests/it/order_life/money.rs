//! What becomes of money when a payment service does other than it was asked, or does it at another time.

use serde_json::{Value, json};
use tests::{Caller, Options, Stack, sample, until};

async fn place(caller: &Caller, order: &Value) -> String {
    caller.place(order).await["id"].as_str().unwrap().to_owned()
}

/// The order's first operation of this kind, once it is there.
async fn operation(caller: &Caller, id: &str, kind: &str) -> Value {
    until(&format!("a {kind} is asked for"), async || {
        let order = caller.order(id).await;
        let operations = order["payments"].as_array()?.iter().flat_map(|payment| payment["operations"].as_array().unwrap());
        operations.clone().find(|operation| operation["kind"] == kind).cloned()
    })
    .await
}

/// The payment service carries out what it was asked for and did not decide.
async fn finish(stack: &Stack, operation: &Value) {
    let id = operation["id"].as_str().unwrap();
    until("the payment service was asked", async || {
        let asked = stack.payment_operations().await;
        asked.iter().any(|asked| asked["id"] == id && !asked["operation"].is_null()).then_some(())
    })
    .await;
    stack.simulate(&format!("operations/{id}/finish")).await;
}

/// Nobody has the customer's money and the books say so, ours and the partner's.
async fn nothing_is_kept(stack: &Stack, id: &str, order: &Value) {
    assert_eq!((&order["totals"]["balance_due"], &order["totals"]["authorized"]), (&json!(0), &json!(0)));
    assert_eq!(order["totals"]["captured"], order["totals"]["refunded"]);
    for book in stack.partner_books(id).await {
        let [net, authorized, used] = ["net", "authorized", "voided"].map(|member| book[member].as_i64().unwrap());
        assert!(net == 0 && authorized <= used + book["captured"].as_i64().unwrap(), "{book}");
    }
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn money_that_arrives_after_the_cancellation_goes_back() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let mut late = stack.partner().await.listen("orders.events", "order.late_payment_received").await;
    let id = place(&caller, &sample::with_token("tok_late")).await;
    let capture = operation(&caller, &id, "capture").await;
    until("it is on its way", async || (stack.sql().count("payment_operations WHERE state = 'sent'").await == 1).then_some(())).await;
    caller.post(&format!("/v1/orders/{id}/cancel")).new_key().send().await.expect(200);
    finish(&stack, &capture).await;
    assert_eq!(late.next().await.subject.as_deref(), Some(&*id));
    finish(&stack, &operation(&caller, &id, "refund").await).await;
    let order = caller.order_once(&id, "status", "cancelled").await;
    nothing_is_kept(&stack, &id, &order).await;
}

#[tokio::test]
async fn a_confirmed_order_is_cancelled_with_its_goods_its_stock_and_its_money() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    for order in [
        sample::with_sku("HELD-1"),
        sample::with(|order| {
            order["lines"][0]["sku"] = "HELD-2".into();
            order["payments"][0]["capture"] = "manual".into();
        }),
    ] {
        let id = place(&caller, &order).await;
        caller.order_once(&id, "status", "processing").await;
        let order = caller.post(&format!("/v1/orders/{id}/cancel")).new_key().send().await.expect(200).json();
        assert_eq!(order["status"], "cancelling", "nothing is cancelled before the goods have stopped");
        let order = caller.order_once(&id, "status", "cancelled").await;
        assert_eq!((&order["lines"][0]["cancelled"], &order["fulfillments"][0]["status"]), (&json!(2), &json!("cancelled")));
        nothing_is_kept(&stack, &id, &order).await;
    }
    assert_eq!(stack.sql().count("orders WHERE stock_status = 'released'").await, 2);
}

#[tokio::test]
async fn goods_that_leave_in_the_moment_of_the_cancellation_are_delivered_and_paid() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &sample::with_sku("HELD-1")).await;
    let order = caller.order_once(&id, "status", "processing").await;
    let leave = format!("parcels/{}/ship", order["fulfillments"][0]["id"].as_str().unwrap());
    let (cancelled, ()) =
        tokio::join!(async { caller.post(&format!("/v1/orders/{id}/cancel")).new_key().send().await }, stack.simulate(&leave));
    let order = match cancelled.status {
        // The report of the shipment was quicker.
        409 => caller.order_once(&id, "status", "completed").await,
        _ => {
            until("it has an end", async || {
                Some(caller.order(&id).await).filter(|order| ["completed", "cancelled"].contains(&order["status"].as_str().unwrap()))
            })
            .await
        }
    };
    let net = if order["status"] == "completed" { 3490 } else { 0 };
    assert_eq!(order["totals"]["captured"].as_i64().unwrap() - order["totals"]["refunded"].as_i64().unwrap(), net);
    assert_eq!(stack.partner_books(&id).await[0]["net"], net);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn an_amount_that_is_partly_approved_leaves_the_rest_to_another_tender() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &sample::with_token("tok_partial")).await;
    let order = caller.order_once(&id, "payment_status", "partially_paid").await;
    assert_eq!((&order["status"], &order["totals"]["captured"]), (&json!("awaiting_payment"), &json!(1745)));
    let rest = json!({ "method": "card", "token": "tok_visa", "amount": 1745, "capture": "automatic" });
    caller.post(&format!("/v1/orders/{id}/payments")).new_key().json(&rest).send().await.expect(201);
    let order = caller.order_once(&id, "status", "completed").await;
    assert_eq!((&order["totals"]["captured"], &order["payment_status"]), (&json!(3490), &json!("paid")));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn another_amount_than_was_asked_for_is_booked_as_it_is_and_a_person_is_called() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let mut events = stack.partner().await.listen("orders.events", "order.attention_required").await;
    let id = place(&caller, &sample::with_token("tok_excess")).await;
    assert_eq!(events.next().await.data_as::<Value>().unwrap()["reason"], "amount_differs");
    let order = caller.order_once(&id, "payment_status", "overpaid").await;
    assert_eq!((&order["totals"]["captured"], &order["totals"]["balance_due"]), (&json!(3491), &json!(-1)));
    let shown = stack.operator().get("/v1/ops/payment-operations?attention=amount_differs").send().await.expect(200).json();
    assert_eq!((&shown["data"][0]["amount"], &shown["data"][0]["settled_amount"]), (&json!(3490), &json!(3491)));
    // What is owed can be given back.
    let back = json!({ "amount": 1, "reason": "overpaid" });
    caller.post(&format!("/v1/orders/{id}/refunds")).new_key().json(&back).send().await.expect(202);
    until("the excess is back", async || (caller.order(&id).await["totals"]["refunded"] == 1).then_some(())).await;
    assert_eq!(stack.partner_books(&id).await[0]["net"], 3490);
}

#[tokio::test]
async fn an_authorization_that_expires_leaves_an_unpaid_order_and_calls_a_person() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let mut events = stack.partner().await.listen("orders.events", "order.attention_required").await;
    let id = place(&caller, &sample::manual("tok_visa")).await;
    let order = caller.order_once(&id, "payment_status", "authorized").await;
    stack.simulate(&format!("operations/{}/expire", order["payments"][0]["operations"][0]["id"].as_str().unwrap())).await;
    assert_eq!(events.next().await.data_as::<Value>().unwrap()["reason"], "authorization_expired");
    let order = caller.order(&id).await;
    assert_eq!((&order["payment_status"], &order["totals"]["authorized"]), (&json!("unpaid"), &json!(0)));
    assert!(!order["payments"][0]["operations"][0]["undone_at"].is_null());
    stack.sql().assert_books_are_right().await;
}
