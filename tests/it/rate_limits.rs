//! How much is too much: of one key, of its tenant, of reads and of writes; and that nobody pays for another's flood.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Caller, Options, Stack, sample};

#[tokio::test]
async fn every_answer_says_what_is_left_and_one_too_many_is_told_to_wait() {
    for redis in [None, Some("redis://127.0.0.1:1/0")] {
        let options = redis.into_iter().fold(Options::http(), |options, url| options.set("REDIS_URL", url));
        let stack = Stack::start(options).await;
        let caller = stack.tenant_with_policy(&json!({ "writes_per_second_per_key": 2, "writes_per_second": 5 })).await;
        let place = || caller.post("/v1/orders").new_key().json(&sample::order()).send();
        // Three at once, before a second one of two a second becomes due.
        let mut answers = join_all([place(), place(), place()]).await;
        answers.sort_by_key(|answer| answer.status);
        let refused = answers.pop().unwrap();
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [201, 201], "{redis:?}");
        for answer in answers.iter().chain([&refused]) {
            assert_eq!(answer.header("ratelimit-policy"), "\"writes-key\";q=2;w=1, \"writes-tenant\";q=5;w=1");
        }
        assert_eq!((refused.header("ratelimit"), refused.header("retry-after")), ("\"writes-key\";r=0;t=1", "1"));
        let problem = refused.problem(429, "rate_limited");
        assert_eq!((&problem["retryable"], stack.sql().count("orders").await), (&json!(true), 2));
        caller.get("/v1/orders").send().await.expect(200);
    }
}

#[tokio::test]
async fn a_tenant_has_a_rate_for_all_its_keys() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_with_policy(&json!({ "reads_per_second_per_key": 2, "reads_per_second": 3 })).await;
    let other = json!({ "name": "till 3", "scopes": ["orders:read"] });
    let other = caller.with_shown(&caller.post("/v1/api-keys").new_key().json(&other).send().await.expect(201).json());
    let read = |caller: &Caller| {
        let caller = caller.clone();
        async move { caller.get("/v1/orders").send().await }
    };
    let answers = join_all([read(&caller), read(&caller), read(&other), read(&other)]).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert!(refused.header("ratelimit").starts_with("\"reads-"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_the_quota_is_admitted_at_the_quota() {
    const QUOTA: u32 = 50;
    let stack = Stack::start(Options::http()).await;
    let policy = json!({ "reads_per_second_per_key": QUOTA, "reads_per_second": 1_000 });
    let caller = stack.tenant_with_policy(&policy).await;
    let began = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / (2 * QUOTA));
    let mut asked = Vec::new();
    while began.elapsed() < Duration::from_secs(8) {
        pace.tick().await;
        let caller = caller.clone();
        asked.push(tokio::spawn(async move { caller.get("/v1/orders").send().await.status }));
    }
    let seconds = began.elapsed().as_secs_f64();
    let statuses: Vec<u16> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let (admitted, refused) = (count(&statuses, 200), count(&statuses, 429));
    assert_eq!(admitted + refused, statuses.len(), "{statuses:?}");
    // A second's worth may come at once, then the quota.
    let expected = f64::from(QUOTA) * (seconds + 1.0);
    let admitted = u32::try_from(admitted).unwrap();
    assert!((f64::from(admitted) - expected).abs() <= (expected * 0.01).max(2.0), "{admitted} of {expected:.0} in {seconds:.1} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_tenant_does_not_slow_another() {
    let stack = Stack::start(Options::http()).await;
    let flooder = stack.tenant_with_policy(&json!({ "writes_per_second_per_key": 20, "writes_per_second": 20 })).await;
    let quiet = stack.tenant().await;
    let alone = median_of_placing(&quiet).await;
    let flood: Vec<_> = (0..32).map(|_| tokio::spawn(flood(flooder.clone()))).collect();
    let beside = median_of_placing(&quiet).await;
    for task in &flood {
        task.abort();
    }
    let refused = join_all(flood).await.len();
    assert!(stack.metrics().await.contains("rate_limited_total{class=\"writes\"}"), "{refused} flooded in vain");
    // Two cores verify the flood's signatures too; what it must not take is a place at PostgreSQL.
    assert!(beside <= alone * 10 + Duration::from_millis(50), "{alone:?} alone, {beside:?} beside a flood");
}

async fn flood(caller: Caller) {
    loop {
        caller.post("/v1/orders").new_key().json(&sample::order()).send().await;
    }
}

async fn median_of_placing(caller: &Caller) -> Duration {
    let mut times = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        caller.place(&sample::order()).await;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}
