//! The cache against a real Redis (`TEST_REDIS_URL`, database 15 of the local one by default) and against none. A cluster is a test of the
//! whole (`tests/chaos`).

use std::time::{Duration, Instant};

use secrecy::SecretString;
use uuid::Uuid;

use super::{Admission, AnswerKey, Cache, Entry, Found, OrderKey, Pass, SealedView, Unavailable, Wanted};
use crate::domain::{
    ids::{KeyId, OrderId, SessionId, TenantId},
    rate::{PER_SECOND_MAX, Quota, Rate, RateClass, Standing},
};

/// Generous, for a loaded machine: what must not happen is waiting for TCP's own timeouts.
const PATIENCE: Duration = Duration::from_secs(2);

const PLENTY: Quota = Quota { class: RateClass::Reads, key: Rate::new(PER_SECOND_MAX), tenant: Rate::new(PER_SECOND_MAX) };

fn cache(url: &str) -> Cache {
    Cache::new(&SecretString::from(url)).unwrap()
}

fn redis() -> Cache {
    cache(&std::env::var("TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379/15".to_owned()))
}

fn fresh_key() -> KeyId {
    KeyId { tenant: TenantId::new(Uuid::now_v7()), key: Uuid::now_v7() }
}

fn fresh_nonce() -> String {
    Uuid::new_v4().simple().to_string()
}

fn entry<'a>(key: KeyId, nonce: &'a str) -> Entry<'a> {
    Entry { key, pass: Pass::Nonce(nonce), quota: PLENTY, wanted: Wanted::Nothing }
}

async fn is_good(cache: &Cache, entry: Entry<'_>) -> bool {
    matches!(cache.admit(&entry).await.unwrap(), Admission::Good(..))
}

/// What is found for a request with a nonce of its own.
async fn found(cache: &Cache, key: KeyId, wanted: Wanted<'_>) -> Found {
    match cache.admit(&Entry { wanted, ..entry(key, &fresh_nonce()) }).await.unwrap() {
        Admission::Good(Standing { wait: None, .. }, found) => found,
        other => panic!("not let in: {other:?}"),
    }
}

#[tokio::test]
async fn a_kept_answer_is_found_by_its_tenant_function_and_key_only() {
    let (cache, key) = (redis(), fresh_key());
    let answer = AnswerKey { tenant: key.tenant, function: "create-order", key: "k-1" };
    cache.answer_keep(answer, b"sealed\0bytes", 60).await.unwrap();
    for (wanted, expected) in [
        (answer, Found::Answer(b"sealed\0bytes".to_vec())),
        (AnswerKey { key: "k-2", ..answer }, Found::Nothing),
        (AnswerKey { function: "cancel-order", ..answer }, Found::Nothing),
        (AnswerKey { tenant: fresh_key().tenant, ..answer }, Found::Nothing),
    ] {
        let key = KeyId { tenant: wanted.tenant, ..key };
        assert_eq!(found(&cache, key, Wanted::Answer(wanted)).await, expected, "{wanted:?}");
    }
}

#[tokio::test]
async fn a_nonce_is_new_once_per_key() {
    let cache = redis();
    let (key, other) = (fresh_key(), fresh_key());
    assert!(is_good(&cache, entry(key, "nonce-0001")).await);
    assert!(!is_good(&cache, entry(key, "nonce-0001")).await);
    assert!(is_good(&cache, entry(key, "nonce-0002")).await);
    assert!(is_good(&cache, entry(other, "nonce-0001")).await);
    assert!(cache.is_available());
}

#[tokio::test]
async fn a_session_is_good_until_it_is_ended() {
    let (cache, key, session) = (redis(), fresh_key(), SessionId::new(Uuid::now_v7()));
    let reading = |key: KeyId| Entry { pass: Pass::Session(session), ..entry(key, "") };
    assert!(!is_good(&cache, reading(key)).await);
    cache.session_begin(key.tenant, session).await.unwrap();
    assert!(is_good(&cache, reading(key)).await && is_good(&cache, reading(key)).await);
    assert!(!is_good(&cache, reading(fresh_key())).await, "of another tenant");
    assert!(cache.session_end(key.tenant, session).await.unwrap());
    assert!(!cache.session_end(key.tenant, session).await.unwrap());
    assert!(!is_good(&cache, reading(key)).await);
}

#[tokio::test]
async fn rates_are_kept_for_a_key_its_tenant_and_a_class() {
    let (cache, key) = (redis(), fresh_key());
    let quota = Quota { class: RateClass::Writes, key: Rate::new(2), tenant: Rate::new(3) };
    let standing = async |key: KeyId, quota: Quota| match cache.admit(&Entry { quota, ..entry(key, &fresh_nonce()) }).await.unwrap() {
        Admission::Good(standing, _) => standing,
        Admission::Refused => panic!("refused"),
    };
    let left = |standing: Standing| (standing.key_left, standing.tenant_left, standing.wait.is_none());
    assert_eq!(left(standing(key, quota).await), (1, 2, true));
    assert_eq!(left(standing(key, quota).await), (0, 1, true));
    let refused = standing(key, quota).await;
    assert!(refused.wait.is_some_and(|wait| wait <= Duration::from_millis(500)), "{refused:?}");
    let sibling = KeyId { key: Uuid::now_v7(), ..key };
    assert_eq!(left(standing(sibling, quota).await), (1, 0, true), "what was refused is not counted");
    assert!(standing(sibling, quota).await.wait.is_some(), "the tenant's own rate");
    assert!(standing(key, Quota { class: RateClass::Reads, ..quota }).await.wait.is_none(), "another class");
    assert!(standing(fresh_key(), quota).await.wait.is_none(), "another tenant");
}

#[tokio::test]
async fn twice_the_rate_is_admitted_at_the_rate() {
    let (cache, key, rate) = (redis(), fresh_key(), 200);
    let quota = Quota { class: RateClass::Reads, key: Rate::new(rate), tenant: Rate::new(PER_SECOND_MAX) };
    let (began, mut admitted) = (Instant::now(), 0_u32);
    while began.elapsed() < Duration::from_secs(2) {
        match cache.admit(&Entry { quota, ..entry(key, &fresh_nonce()) }).await.unwrap() {
            Admission::Good(Standing { wait: None, .. }, _) => admitted += 1,
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
    // A second's worth at once, then the rate.
    let expected = f64::from(rate) * (1.0 + began.elapsed().as_secs_f64());
    assert!((f64::from(admitted) - expected).abs() <= expected * 0.01 + 1.0, "{admitted} of {expected}");
}

#[tokio::test]
async fn a_view_is_kept_only_if_nothing_newer_is_known() {
    let (cache, key) = (redis(), fresh_key());
    let order = OrderId::new(Uuid::now_v7());
    let view = |view| OrderKey { tenant: key.tenant, order, view };
    let of = |version: u64| SealedView { version, sealed: version.to_be_bytes().to_vec() };
    let shown = async |view: OrderKey| match found(&cache, key, Wanted::Order(view)).await {
        Found::Order(SealedView { version, .. }) => Some(version),
        _ => None,
    };
    assert_eq!(shown(view("plain")).await, None);
    cache.order_keep(view("plain"), &of(2)).await.unwrap();
    cache.order_keep(view("plain"), &of(1)).await.unwrap();
    assert_eq!((shown(view("plain")).await, shown(view("payments")).await), (Some(2), None));
    cache.order_keep(view("payments"), &of(3)).await.unwrap();
    assert_eq!((shown(view("plain")).await, shown(view("payments")).await), (None, Some(3)), "of one version at a time");
    cache.orders_outdate(key.tenant, &[(order, 4)]).await.unwrap();
    cache.order_keep(view("payments"), &of(3)).await.unwrap();
    assert_eq!(shown(view("payments")).await, None, "a reader who had loaded it before the change");
    cache.order_keep(view("payments"), &of(4)).await.unwrap();
    cache.orders_outdate(key.tenant, &[(order, 4)]).await.unwrap();
    assert_eq!(shown(view("payments")).await, Some(4), "a late report of what is known");
}

#[tokio::test]
async fn without_redis_every_call_fails_in_time_and_soon_at_once() {
    let cache = cache("redis://127.0.0.1:1/0");
    let key = fresh_key();
    for _ in 0..3 {
        let started = Instant::now();
        assert!(cache.admit(&entry(key, "nonce-0001")).await.is_err());
        assert!(started.elapsed() < PATIENCE);
    }
    assert!(!cache.is_available());
    assert!(matches!(cache.admit(&entry(key, "nonce-0001")).await, Err(Unavailable::Spared)));
}

#[tokio::test]
async fn a_redis_that_accepts_and_says_nothing_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    for urls in [format!("redis://{address}/0"), format!("redis://{address},redis://{address}")] {
        let cache = cache(&urls);
        let started = Instant::now();
        assert!(cache.admit(&entry(fresh_key(), "nonce-0001")).await.is_err());
        assert!(started.elapsed() < PATIENCE);
    }
}

#[test]
fn a_url_that_is_none_is_refused_and_not_repeated() {
    for urls in ["https://user:hunter2@example.com", "redis://a, https://user:hunter2@example.com", "redis://a:hunter2@b,redis://c:other@d"]
    {
        let error = Cache::new(&SecretString::from(urls)).err().unwrap();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
