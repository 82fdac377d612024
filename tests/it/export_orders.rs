//! `GET /v1/orders/export`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Answer, Caller, Options, Stack, sample, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PATH: &str = "/v1/orders/export";

async fn export(caller: &Caller, query: &str) -> (Vec<Value>, Value) {
    let answer = caller.get(&format!("{PATH}?{query}")).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    split(&answer)
}

/// The orders of an export, and its end.
fn split(answer: &Answer) -> (Vec<Value>, Value) {
    let mut lines = answer.lines();
    let end = lines.pop().unwrap_or_else(|| panic!("an export without an end"));
    assert_eq!(end["end"]["orders"], lines.len(), "{end}");
    (lines, end["end"].clone())
}

fn ids(orders: &[Value]) -> Vec<&str> {
    orders.iter().map(|order| order["id"].as_str().unwrap()).collect()
}

async fn place(caller: &Caller, count: usize) -> Vec<String> {
    let orders: Vec<_> =
        (0..count).map(|number| sample::with(|order| order["external_reference"] = format!("cart-{number}").into())).collect();
    let results = caller.post("/v1/orders/import").lines(&orders).send().await.expect(200).lines();
    let mut ids: Vec<_> = results.iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn orders_are_exported_whole_and_oldest_first() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    // Several pages, the last one full.
    let placed = place(&caller, 75).await;
    let (orders, _) = export(&caller, "").await;
    assert_eq!(ids(&orders), placed);
    let (with_parts, _) = export(&caller, "expand=payments,fulfillments").await;
    for (order, with_parts) in orders.iter().zip(&with_parts).step_by(30) {
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        assert_eq!(*order, caller.get(&path).send().await.expect(200).json());
        assert_eq!(*with_parts, caller.order(order["id"].as_str().unwrap()).await);
    }
}

#[tokio::test]
async fn an_export_goes_on_behind_any_order_and_the_next_one_meets_what_is_new() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let placed = place(&caller, 30).await;
    assert_eq!(ids(&export(&caller, &format!("after={}", placed[9])).await.0), placed[10..]);
    let (none, end) = export(&caller, &format!("after={}", placed[29])).await;
    assert_eq!(none, [] as [Value; 0]);

    // An order may be seen later than its id says, so what is younger than a minute comes again.
    let next = end["next_after"].as_str().unwrap();
    assert!(next < placed[0].as_str(), "{next}");
    let new = place_one_more(&caller).await;
    let (orders, _) = export(&caller, &format!("after={next}")).await;
    assert_eq!((orders.len(), ids(&orders)[30]), (31, new.as_str()));
}

async fn place_one_more(caller: &Caller) -> String {
    caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_filters_are_those_of_a_list() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let placed = place(&caller, 3).await;
    stack.sql().execute("UPDATE orders SET status = 'confirmed' WHERE external_reference = 'cart-1'").await.unwrap();
    let at = caller.order(&placed[1]).await["created_at"].as_str().unwrap().to_owned();
    for filter in [
        "status=confirmed",
        "external_reference=cart-1",
        "payment_status=pending&status=confirmed",
        "customer_email=KIM%40Example.com",
        &format!("created_from={at}"),
    ] {
        let listed = caller.get(&format!("/v1/orders?{filter}")).send().await.expect(200).json();
        let mut listed = ids(listed["data"].as_array().unwrap()).into_iter().map(str::to_owned).collect::<Vec<_>>();
        listed.reverse();
        assert_eq!(ids(&export(&caller, filter).await.0), listed, "{filter}");
        assert!(!listed.is_empty(), "{filter}");
    }
    for (query, parameter) in [
        ("status=lost", "status"),
        ("colour=red", "colour"),
        ("format=xml", "format"),
        ("after=cart-1", "after"),
        ("limit=1", "limit"),
        ("format=csv&expand=payments", "expand"),
    ] {
        let problem = caller.get(&format!("{PATH}?{query}")).send().await.problem(422, "validation_failed");
        assert_eq!(problem["parameter"], parameter, "{problem}");
    }
}

#[tokio::test]
async fn a_tenant_exports_its_own_orders_only() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let placed = place(&caller, 2).await;
    assert_eq!(export(&stranger, "").await.0, [] as [Value; 0]);
    assert_eq!(export(&stranger, &format!("after={}", placed[0])).await.0, [] as [Value; 0]);
}

#[tokio::test]
async fn rows_show_each_order_and_no_formula() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let formula = "=HYPERLINK(\"http://evil.example\";\"a, b\")";
    let order = sample::with(|order| {
        order["external_reference"] = "-1842".into();
        order["customer"] = json!({ "name": formula, "reference": "'quoted" });
        order["payments"] = json!([]);
    });
    let placed = caller.place(&order).await;
    place(&caller, 40).await;
    let answer = caller.get(&format!("{PATH}?format=csv")).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(answer.body.ends_with(b"\r\n"), "RFC 4180 ends its lines with CRLF");
    let mut reader = csv::Reader::from_reader(&*answer.body);
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 41);
    let of = |name: &str| &rows[0][names.iter().position(|known| known == name).unwrap()];
    for (name, value) in [
        ("id", placed["id"].as_str().unwrap()),
        ("number", placed["number"].as_str().unwrap()),
        ("currency", "EUR"),
        ("total", "3490"),
        ("total_tax", "500"),
        ("balance_due", "3490"),
        ("lines", "1"),
        ("customer_email", ""),
        ("shipping_city", "Wien"),
        ("created_at", placed["created_at"].as_str().unwrap()),
        // An apostrophe before it: no formula, and whoever takes it off has what was stored.
        ("external_reference", "'-1842"),
        ("customer_name", &format!("'{formula}")),
        ("customer_reference", "''quoted"),
    ] {
        assert_eq!(of(name), value, "{name}");
    }
}

/// Orders that are so large that nobody's buffers hold them all.
async fn place_large(caller: &Caller, count: usize) {
    for numbers in (0..count).collect::<Vec<_>>().chunks(250) {
        let large = |number: &usize| {
            sample::with(|order| {
                order["external_reference"] = format!("cart-{number}").into();
                order["metadata"] = json!({ "note": "x".repeat(15_000) });
            })
        };
        let results =
            caller.post("/v1/orders/import").lines(&numbers.iter().map(large).collect::<Vec<_>>()).send().await.expect(200).lines();
        assert!(results.iter().all(|result| result["status"] == 201));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_holds_no_connection_and_an_export_that_breaks_off_is_no_whole_one() {
    const ORDERS: usize = 1_000;
    let stack = Stack::start(Options::http().pool_size(4).proxied("DATABASE_URL")).await;
    let caller = stack.tenant().await;
    place_large(&caller, ORDERS).await;

    // More of them than there are connections, none of whom reads.
    let mut readers = Vec::new();
    for _ in 0..8 {
        let (head, _) = caller.get(PATH).into_wire();
        let mut reader = tokio::net::TcpStream::connect(stack.url().trim_start_matches("http://")).await.unwrap();
        reader.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        readers.push(reader);
    }
    for reader in &readers {
        reader.readable().await.unwrap();
    }
    let busy = "pg_stat_activity WHERE datname = current_database() AND usename = 'orders_app' AND state <> 'idle'";
    until("no reader holds a connection", || async { (stack.sql().count(busy).await == 0).then_some(()) }).await;
    assert_eq!(export(&caller, "").await.0.len(), ORDERS, "others go on");

    stack.proxy("DATABASE_URL").cut();
    let mut received = Vec::new();
    let mut reader = readers.pop().unwrap();
    while let Ok(1..) = reader.read_buf(&mut received).await {}
    assert!(!received.ends_with(b"0\r\n\r\n"), "a broken answer has no last chunk");
    stack.proxy("DATABASE_URL").mend();

    // Behind the last whole line it goes on, and nothing is missing or there twice.
    let mut ids: Vec<String> = ids_in(&String::from_utf8_lossy(&received));
    assert!((1..ORDERS).contains(&ids.len()), "{} orders came", ids.len());
    let path = format!("{PATH}?after={}", ids.last().unwrap());
    let (rest, _) = until("the database is back", || async {
        caller.get(&path).try_send().await.ok().filter(|answer| answer.status == 200).map(|answer| split(&answer))
    })
    .await;
    ids.extend(rest.iter().map(|order| order["id"].as_str().unwrap().to_owned()));
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (ORDERS, ORDERS));
    assert!(stack.logs().text().contains("an export was broken off"));
}

/// The orders of the whole lines of a body in chunks.
fn ids_in(answer: &str) -> Vec<String> {
    let whole = answer.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole.lines().filter_map(|line| line.strip_prefix("{\"id\":\""));
    lines.map(|line| line.split('"').next().unwrap().to_owned()).collect()
}
