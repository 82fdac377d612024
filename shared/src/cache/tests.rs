//! The cache against a real Redis (`TEST_REDIS_URL`, database 15 of the local one by default) and against none.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use uuid::Uuid;

use super::{Cache, Unavailable};
use crate::domain::ids::{KeyId, TenantId};

/// Generous, for a loaded machine: what must not happen is waiting for TCP's own timeouts.
const PATIENCE: Duration = Duration::from_secs(2);

fn cache(url: &str) -> Cache {
    Cache::new(&SecretString::from(url)).unwrap()
}

fn fresh_key() -> KeyId {
    KeyId { tenant: TenantId::new(Uuid::now_v7()), key: Uuid::now_v7() }
}

#[tokio::test]
async fn a_nonce_is_new_once_per_key() {
    let cache = cache(&std::env::var("TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379/15".to_owned()));
    let (key, other) = (fresh_key(), fresh_key());
    assert!(cache.nonce_first_seen(key, "nonce-0001").await.unwrap());
    assert!(!cache.nonce_first_seen(key, "nonce-0001").await.unwrap());
    assert!(cache.nonce_first_seen(key, "nonce-0002").await.unwrap());
    assert!(cache.nonce_first_seen(other, "nonce-0001").await.unwrap());
    assert!(cache.is_available());
}

#[tokio::test]
async fn without_redis_every_call_fails_in_time_and_soon_at_once() {
    let cache = cache("redis://127.0.0.1:1/0");
    let key = fresh_key();
    for _ in 0..3 {
        let started = Instant::now();
        assert!(cache.nonce_first_seen(key, "nonce-0001").await.is_err());
        assert!(started.elapsed() < PATIENCE);
    }
    assert!(!cache.is_available());
    assert!(matches!(cache.nonce_first_seen(key, "nonce-0001").await, Err(Unavailable::Spared)));
}

#[tokio::test]
async fn a_redis_that_accepts_and_says_nothing_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cache = cache(&format!("redis://{}/0", silent.local_addr().unwrap()));
    let started = Instant::now();
    assert!(cache.nonce_first_seen(fresh_key(), "nonce-0001").await.is_err());
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn a_url_that_is_none_is_refused_and_not_repeated() {
    let error = Cache::new(&SecretString::from("https://user:hunter2@example.com")).err().unwrap();
    assert!(!format!("{error:?}").contains("hunter2"));
}
