//! `GET /v1/orders`.

use serde_json::Value;
use tests::{Answer, Caller, Options, Stack, sample, until};

#[tokio::test]
async fn each_filter_finds_its_orders() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let wanted = caller.place(&sample::with(|order| order["external_reference"] = "cart-1".into())).await;
    let other = sample::with(|order| {
        order["customer"] = serde_json::json!({ "reference": "cus_1", "email": "lee@example.com" });
    });
    caller.place(&other).await;
    let change =
        "UPDATE orders SET status = 'confirmed', payment_status = 'paid', fulfillment_status = 'shipped', return_status = 'requested'
                  WHERE external_reference = 'cart-1'";
    stack.sql().execute(change).await.unwrap();
    for filter in [
        "status=confirmed".to_owned(),
        "payment_status=paid".to_owned(),
        "fulfillment_status=shipped".to_owned(),
        "return_status=requested".to_owned(),
        "customer_reference=cus_77".to_owned(),
        "customer_email=KIM%40Example.com".to_owned(),
        format!("number={}", wanted["number"].as_str().unwrap()),
        "external_reference=cart-1".to_owned(),
        "status=confirmed&payment_status=paid".to_owned(),
    ] {
        assert_eq!(ids(&list(&caller, &filter).await), [wanted["id"].as_str().unwrap()], "{filter}");
    }
    assert!(ids(&list(&caller, "status=confirmed&payment_status=unpaid").await).is_empty());
}

#[tokio::test]
async fn a_range_of_time_begins_with_its_start_and_ends_before_its_end() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let at = order["created_at"].as_str().unwrap();
    let later = "2099-01-01T00:00:00Z";
    assert_eq!(list(&caller, &format!("created_from={at}")).await["data"].as_array().unwrap().len(), 1);
    assert_eq!(list(&caller, &format!("created_from={at}&created_to={later}")).await["data"].as_array().unwrap().len(), 1);
    assert!(ids(&list(&caller, &format!("created_from={later}")).await).is_empty());
    assert!(ids(&list(&caller, "created_to=2026-01-01T00:00:00Z").await).is_empty());
}

#[tokio::test]
async fn pages_follow_one_another_newest_first() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned());
    }
    placed.reverse();
    let first = caller.get("/v1/orders?status=pending&limit=3").send().await.expect(200);
    assert_eq!(ids(&first.json()), placed[..3]);
    assert_eq!(first.json()["has_more"], true);
    let second = caller.get(&next_page(&first).unwrap()).send().await.expect(200);
    assert_eq!(ids(&second.json()), placed[3..]);
    assert_eq!((second.json()["has_more"].clone(), second.json()["next_cursor"].clone()), (false.into(), Value::Null));
    assert_eq!(second.header("link"), "");
}

/// Everybody who walks meets what was there when he set out, once and in order, whatever comes meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_walk_meets_every_order_once_while_others_are_placed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let mut placed = Vec::new();
    for _ in 0..20 {
        placed.push(caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned());
    }
    placed.reverse();
    let count = async || stack.sql().count("orders").await;
    let busy = caller.clone();
    let others = tokio::spawn(async move {
        loop {
            busy.place(&sample::order()).await;
        }
    });
    let (mut walked, mut next) = (Vec::new(), Some("/v1/orders?status=pending&limit=3".to_owned()));
    while let Some(path) = next {
        let before = count().await;
        until("another order is placed", || async { (count().await > before).then_some(()) }).await;
        let page = caller.get(&path).send().await.expect(200);
        walked.extend(ids(&page.json()));
        next = next_page(&page);
    }
    others.abort();
    assert!(walked.is_sorted_by(|newer, older| newer > older), "{walked:#?}");
    walked.retain(|order| placed.contains(order));
    assert_eq!(walked, placed);
}

#[tokio::test]
async fn each_filter_has_its_pages() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned());
        let other = sample::with(|order| order["customer"] = serde_json::json!({ "reference": "cus_1", "email": "lee@example.com" }));
        caller.place(&other).await;
    }
    placed.reverse();
    let change =
        "UPDATE orders SET status = 'confirmed', payment_status = 'paid', fulfillment_status = 'shipped', return_status = 'requested'
                  WHERE customer_reference = 'cus_77'";
    stack.sql().execute(change).await.unwrap();
    for filter in [
        "status=confirmed",
        "payment_status=paid",
        "fulfillment_status=shipped",
        "return_status=requested",
        "customer_reference=cus_77",
        "customer_email=kim%40example.com",
        "status=confirmed&payment_status=paid",
        "customer_email=kim%40example.com&status=confirmed&created_from=2026-01-01T00:00:00Z",
        "customer_reference=cus_77&return_status=requested&created_to=2099-01-01T00:00:00Z",
    ] {
        let (mut walked, mut next) = (Vec::new(), Some(format!("/v1/orders?limit=2&{filter}")));
        while let Some(path) = next {
            let page = caller.get(&path).send().await.expect(200);
            walked.push(ids(&page.json()));
            next = next_page(&page);
        }
        assert_eq!(walked, [&placed[..2], &placed[2..4], &placed[4..]], "{filter}");
    }
    assert_eq!(ids(&list(&caller, "return_status=none").await).len(), 5);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    for _ in 0..2 {
        caller.place(&sample::order()).await;
    }
    let page = list(&caller, "status=pending&limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    for (caller, query) in [
        (&caller, format!("status=completed&limit=1&cursor={cursor}")),
        (&caller, format!("limit=1&cursor={cursor}")),
        (&caller, "cursor=nonsense".to_owned()),
        (&stranger, format!("status=pending&limit=1&cursor={cursor}")),
    ] {
        let problem = caller.get(&format!("/v1/orders?{query}")).send().await.problem(400, "malformed");
        assert_eq!(problem["parameter"], "cursor");
    }
}

#[tokio::test]
async fn limits_and_unknown_parameters_are_refused_by_name() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    for (query, parameter) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("status=lost", "status"), ("colour=red", "colour"), ("number=x", "number")]
    {
        let problem = caller.get(&format!("/v1/orders?{query}")).send().await.problem(422, "validation_failed");
        assert_eq!(problem["parameter"], parameter, "{problem}");
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_orders_only() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    caller.place(&sample::order()).await;
    assert_eq!(ids(&list(&caller, "").await).len(), 1);
    assert!(ids(&list(&stranger, "").await).is_empty());
}

async fn list(caller: &Caller, query: &str) -> Value {
    caller.get(&format!("/v1/orders?{query}")).send().await.expect(200).json()
}

/// The Link is the whole address of the next page (RFC 8288).
fn next_page(page: &Answer) -> Option<String> {
    Some(page.header("link").strip_prefix('<')?.split_once('>')?.0.to_owned())
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}
