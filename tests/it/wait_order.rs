//! `GET /v1/orders/{order_id}/wait`.

use std::time::{Duration, Instant};

use tests::{Options, Stack, sample, until};

#[tokio::test]
async fn an_order_is_waited_for_until_it_is_so() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let wait = |until: &str| caller.get(&format!("/v1/orders/{id}/wait?until={until}"));

    let now = wait("status:awaiting_payment").send().await.expect(200);
    assert_eq!((now.header("etag"), &now.json()["id"]), ("\"v1\"", &id.as_str().into()));
    wait("version:1").header("if-none-match", "\"v1\"").send().await.expect(304);

    let started = Instant::now();
    let cancelled = async {
        caller.post(&format!("/v1/orders/{id}/cancel")).new_key().send().await.expect(200);
        started.elapsed()
    };
    let (answer, (), _) = tokio::join!(
        async { wait("version:2").send().await.expect(200) },
        async { drop(wait("status:cancelled").send().await.expect(200)) },
        cancelled,
    );
    assert!(answer.json()["version"].as_u64().unwrap() >= 2 && started.elapsed() < Duration::from_secs(10), "{answer:?}");
}

#[tokio::test]
async fn what_cannot_be_waited_for_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let (owner, stranger) = (stack.tenant().await, stack.tenant().await);
    let id = owner.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/orders/{id}/wait");
    stranger.get(&format!("{path}?until=version:1")).send().await.problem(404, "not_found");
    for query in ["", "?until=paid", "?until=status:paid", "?until=version:-1", "?until=version:1&timeout=5"] {
        let problem = owner.get(&format!("{path}{query}")).send().await.problem(422, "validation_failed");
        assert!(["until", "timeout"].map(Into::into).contains(&problem["parameter"]), "{query}: {problem}");
    }
}

#[tokio::test]
async fn who_waits_in_vain_is_told_so() {
    let mut stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/orders/{id}/wait?until=status:completed");
    let waiting = {
        let (caller, path) = (caller.clone(), path.clone());
        tokio::spawn(async move { caller.get(&path).send().await.expect(204) })
    };
    until("the process knows that somebody waits", async || {
        stack.metrics().await.contains("live_followers{function=\"wait-order\"} 1").then_some(())
    })
    .await;
    // Nobody waits for a process that is about to stop.
    let unsettled = stack.service.stop();
    assert!(unsettled.await.success());
    assert!(waiting.await.is_ok_and(|answer| answer.body.is_empty()));
}
