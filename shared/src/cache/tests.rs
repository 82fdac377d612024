//! The cache against a real Redis (`TEST_REDIS_URL`, database 15 of the local one by default) and against none.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use uuid::Uuid;

use super::{AnswerKey, Cache, Unavailable};
use crate::domain::ids::{KeyId, TenantId};

/// Generous, for a loaded machine: what must not happen is waiting for TCP's own timeouts.
const PATIENCE: Duration = Duration::from_secs(2);

fn cache(url: &str) -> Cache {
    Cache::new(&SecretString::from(url)).unwrap()
}

fn fresh_key() -> KeyId {
    KeyId { tenant: TenantId::new(Uuid::now_v7()), key: Uuid::now_v7() }
}

fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379/15".to_owned())
}

async fn seen(cache: &Cache, key: KeyId, nonce: &str) -> bool {
    cache.admit(key, nonce, None).await.unwrap().nonce_is_new
}

#[tokio::test]
async fn a_kept_answer_is_found_by_its_tenant_function_and_key_only() {
    let (cache, key) = (cache(&redis_url()), fresh_key());
    let answer = AnswerKey { tenant: key.tenant, function: "create-order", key: "k-1" };
    cache.answer_keep(answer, b"sealed\0bytes", 60).await.unwrap();
    for (wanted, expected) in [
        (answer, Some(b"sealed\0bytes".to_vec())),
        (AnswerKey { key: "k-2", ..answer }, None),
        (AnswerKey { function: "cancel-order", ..answer }, None),
        (AnswerKey { tenant: fresh_key().tenant, ..answer }, None),
    ] {
        let nonce = Uuid::new_v4().simple().to_string();
        let key = KeyId { tenant: wanted.tenant, ..key };
        assert_eq!(cache.admit(key, &nonce, Some(wanted)).await.unwrap().answer, expected, "{wanted:?}");
    }
}

#[tokio::test]
async fn a_nonce_is_new_once_per_key() {
    let cache = cache(&redis_url());
    let (key, other) = (fresh_key(), fresh_key());
    assert!(seen(&cache, key, "nonce-0001").await);
    assert!(!seen(&cache, key, "nonce-0001").await);
    assert!(seen(&cache, key, "nonce-0002").await);
    assert!(seen(&cache, other, "nonce-0001").await);
    assert!(cache.is_available());
}

#[tokio::test]
async fn without_redis_every_call_fails_in_time_and_soon_at_once() {
    let cache = cache("redis://127.0.0.1:1/0");
    let key = fresh_key();
    for _ in 0..3 {
        let started = Instant::now();
        assert!(cache.admit(key, "nonce-0001", None).await.is_err());
        assert!(started.elapsed() < PATIENCE);
    }
    assert!(!cache.is_available());
    assert!(matches!(cache.admit(key, "nonce-0001", None).await, Err(Unavailable::Spared)));
}

#[tokio::test]
async fn a_redis_that_accepts_and_says_nothing_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cache = cache(&format!("redis://{}/0", silent.local_addr().unwrap()));
    let started = Instant::now();
    assert!(cache.admit(fresh_key(), "nonce-0001", None).await.is_err());
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn a_url_that_is_none_is_refused_and_not_repeated() {
    let error = Cache::new(&SecretString::from("https://user:hunter2@example.com")).err().unwrap();
    assert!(!format!("{error:?}").contains("hunter2"));
}
