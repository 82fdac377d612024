//! Paths, queries, cursors and conditions of what only reads.

use tests::{Caller, sample};

use super::{Expected, Trial};

/// A time before PostgreSQL's first, which is in 4713 BC.
const LONG_AGO: &str = "-005000-01-01T00:00:00Z";

#[tokio::test]
async fn what_is_no_id_is_not_found() {
    let mut trial = Trial::begin().await;
    let long = "a".repeat(4_000);
    for id in [
        "ord_0198f000000070008000000000000001",
        "ord_0198F000000070008000000000000001",
        "ord_0198f00000007000800000000000001",
        "ord_0198f0000000700080000000000000011",
        "ord_0198f000-0000-7000-8000-000000000001",
        "0198f000-0000-7000-8000-000000000001",
        "lin_0198f000000070008000000000000001",
        "ORD_0198f000000070008000000000000001",
        "ord_0198f00000007000800000000000000g",
        "ord_",
        "ord",
        "1",
        "-1",
        "null",
        "*",
        "%00",
        "ord_0198f000000070008000000000000001%00",
        "ord_0198f000000070008000000000000001%20",
        "%ff%fe",
        "%",
        "%zz",
        "..",
        "%2e%2e",
        "%2e%2e%2fhealthz",
        "ord_0198f000000070008000000000000001%2fhistory",
        "'%20OR%20'1'='1",
        "1;DROP%20TABLE%20orders",
        "$%7Bjndi:ldap://a%7D",
        "%F0%9F%8D%B5",
        long.as_str(),
    ] {
        for path in [format!("/v1/orders/{id}"), format!("/v1/orders/{id}/history")] {
            let answer = trial.caller.get(&path).send_as_is().await;
            trial.judge(&path, &answer, &Expected::new(404, "not_found"));
        }
    }
    trial.end(60).await;
}

#[tokio::test]
async fn another_path_is_not_found_and_another_method_not_allowed() {
    let mut trial = Trial::begin().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/orders/",
        "//v1/orders",
        "/v1//orders",
        "/V1/orders",
        "/v2/orders",
        "/v1/orders/a/b",
        "/v1/./orders",
        "/.env",
    ] {
        let answer = trial.caller.get(path).send_as_is().await;
        trial.judge(path, &answer, &Expected::new(404, "not_found"));
    }
    let order = "/v1/orders/ord_0198f000000070008000000000000001".to_owned();
    for (method, path) in [
        ("PUT", "/v1/orders"),
        ("PATCH", "/v1/orders"),
        ("DELETE", "/v1/orders"),
        ("OPTIONS", "/v1/orders"),
        ("TRACE", "/v1/orders"),
        ("BREW", "/v1/orders"),
        ("POST", &order),
        ("DELETE", &order),
    ] {
        let answer = trial.caller.request(method.parse().unwrap(), path).send().await;
        assert!(!answer.header("allow").is_empty(), "{method} {path}: Allow is required (RFC 9110 §15.5.6)");
        trial.judge(&format!("{method} {path}"), &answer, &Expected::new(405, "method_not_allowed"));
    }
    trial.end(19).await;
}

#[tokio::test]
async fn a_parameter_that_does_not_fit_is_named() {
    let mut trial = Trial::begin().await;
    let order = trial.caller.place(&sample::order()).await;
    trial.before = trial.stack.sql().contents().await;
    let id = order["id"].as_str().unwrap();
    let (one, history) = (format!("/v1/orders/{id}"), format!("/v1/orders/{id}/history"));
    for (path, query, parameter) in [
        ("/v1/orders", "limit=0", "limit"),
        ("/v1/orders", "limit=101", "limit"),
        ("/v1/orders", "limit=-1", "limit"),
        ("/v1/orders", "limit=", "limit"),
        ("/v1/orders", "limit", "limit"),
        ("/v1/orders", "limit=ten", "limit"),
        ("/v1/orders", "limit=1.0", "limit"),
        ("/v1/orders", "limit=1e1", "limit"),
        ("/v1/orders", "limit=%2b1%00", "limit"),
        ("/v1/orders", "limit=4294967297", "limit"),
        ("/v1/orders", "limit=99999999999999999999", "limit"),
        ("/v1/orders", "limit=5&limit=5", "limit"),
        ("/v1/orders", "colour=red", "colour"),
        ("/v1/orders", "tenant_id=1", "tenant_id"),
        ("/v1/orders", "offset=10", "offset"),
        ("/v1/orders", "Status=pending", "Status"),
        ("/v1/orders", "status[]=pending", "status[]"),
        ("/v1/orders", "status=pending&status=pending", "status"),
        ("/v1/orders", "status=Pending", "status"),
        ("/v1/orders", "status=", "status"),
        ("/v1/orders", "status=pending,completed", "status"),
        ("/v1/orders", "payment_status=pending%20", "payment_status"),
        ("/v1/orders", "number=x", "number"),
        ("/v1/orders", "number=1.5", "number"),
        ("/v1/orders", "number=9223372036854775808", "number"),
        ("/v1/orders", "created_from=yesterday", "created_from"),
        ("/v1/orders", "created_from=2026-11-22", "created_from"),
        ("/v1/orders", "created_from=2026-02-30T00:00:00Z", "created_from"),
        ("/v1/orders", "created_from=1732269600", "created_from"),
        ("/v1/orders", &format!("created_from={LONG_AGO}"), "created_from"),
        ("/v1/orders", "created_to=10000-01-01T00:00:00Z", "created_to"),
        ("/v1/orders", "customer_reference=%00", "customer_reference"),
        ("/v1/orders", "customer_reference=a%0Db", "customer_reference"),
        ("/v1/orders", "customer_reference=%ff", "customer_reference"),
        ("/v1/orders", "customer_email=%c0%80", "customer_email"),
        ("/v1/orders", "customer_email=%ed%a0%80", "customer_email"),
        ("/v1/orders", "external_reference=%00cart", "external_reference"),
        (&one, "expand=secrets", "expand"),
        (&one, "expand=", "expand"),
        (&one, "expand=payments,", "expand"),
        (&one, "expand=payments&expand=payments", "expand"),
        (&one, "expand=%00", "expand"),
        (&one, "limit=1", "limit"),
        (&history, "expand=payments", "expand"),
        (&history, "limit=101", "limit"),
        (&history, "status=pending", "status"),
    ] {
        let answer = trial.caller.get(&format!("{path}?{query}")).send().await;
        trial.judge(&format!("{path}?{query}"), &answer, &Expected::new(422, "validation_failed").parameter(parameter));
    }
    trial.end(46).await;
}

#[tokio::test]
async fn a_cursor_that_is_not_ours_is_named() {
    let mut trial = Trial::begin().await;
    for _ in 0..2 {
        trial.caller.place(&sample::order()).await;
    }
    trial.before = trial.stack.sql().contents().await;
    let cursor = next_cursor(&trial.caller, "/v1/orders?limit=1").await;
    let (head, tail) = cursor.split_at(8);
    let flipped = if tail.starts_with('A') { "B" } else { "A" };
    for wrong in [
        String::new(),
        "nonsense".to_owned(),
        "AAAA".to_owned(),
        "%00".repeat(3).replace("%00", "%25"),
        cursor[1..].to_owned(),
        cursor[..cursor.len() - 1].to_owned(),
        format!("{cursor}="),
        format!("{cursor}A"),
        format!("{head}{flipped}{}", &tail[1..]),
        cursor.to_uppercase(),
        "A".repeat(513),
        "A".repeat(8_000),
        "%F0%9F%8D%B5".to_owned(),
    ] {
        let answer = trial.caller.get(&format!("/v1/orders?limit=1&cursor={wrong}")).send().await;
        trial.judge(&format!("cursor={wrong}"), &answer, &Expected::malformed().parameter("cursor"));
    }
    // A good one of another list: with other filters, and of another function.
    let history = format!("/v1/orders/ord_0198f000000070008000000000000001/history?cursor={cursor}");
    for path in [&format!("/v1/orders?limit=1&status=pending&cursor={cursor}"), &history] {
        let answer = trial.caller.get(path).send().await;
        trial.judge(path, &answer, &Expected::malformed().parameter("cursor"));
    }
    trial.end(15).await;
}

#[tokio::test]
async fn limits_and_cursors_at_their_edges_are_taken() {
    let trial = Trial::begin().await;
    for limit in [1, 2, 99, 100] {
        trial.caller.get(&format!("/v1/orders?limit={limit}")).send().await.expect(200);
    }
    for query in
        ["", "?", "?number=-1", "?number=9223372036854775807", "?created_from=0000-01-01T00:00:00Z", "?created_to=9999-12-30T22:00:00Z"]
    {
        trial.caller.get(&format!("/v1/orders{query}")).send().await.expect(200);
    }
    let long = "x".repeat(8_000);
    trial.caller.get(&format!("/v1/orders?customer_reference={long}")).send().await.expect(200);
}

#[tokio::test]
async fn a_condition_that_names_no_version_is_no_match() {
    let trial = Trial::begin().await;
    let order = trial.caller.place(&sample::order()).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    for miss in
        ["\"v2\"", "v1", "\"v01\"", "\"V1\"", "\"v1", "w/\"v1\"", "", "\"\"", ",,,", "\"v1\"x", "\"v99999999999999999999\"", "W/", "'v1'"]
    {
        trial.caller.get(&path).header("if-none-match", miss).send().await.expect(200);
    }
    for hit in ["\"v1\"", "W/\"v1\"", "*", "\"v0\", \"v1\"", " \"v1\" ", "\"v1\",", ",\"v1\""] {
        let answer = trial.caller.get(&path).header("if-none-match", hit).send().await.expect(304);
        assert!(answer.body.is_empty(), "{hit}");
    }
}

async fn next_cursor(caller: &Caller, path: &str) -> String {
    caller.get(path).send().await.expect(200).json()["next_cursor"].as_str().unwrap().to_owned()
}
