//! Authentication without PostgreSQL: keys are taught to the authenticator. Redis is real (`TEST_REDIS_URL`) or away.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{AuthError, Authenticated, Authenticator, KnownKey, Principal, Sought};
use crate::{
    cache::Cache,
    clock,
    db::{Connect, Database},
    domain::{
        ids::{KeyId, SessionId, TenantId},
        permissions::Permission,
        policy::TenantPolicy,
        rate::Standing,
        session::Session,
        timestamp::Timestamp,
    },
    secrets::{Keyring, session_token},
    signature::{Reason, RequestParts, sign},
};

const SECRET: &[u8] = b"osk_0123456789012345678901234567890123456789012";
/// One key of 32 zero bytes.
const KEYS: &str = "v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NOWHERE: &str = "redis://127.0.0.1:1/0";

fn authenticator(redis_url: &str) -> Authenticator {
    authenticator_of(redis_url, None)
}

fn authenticator_of(redis_url: &str, operator: Option<&str>) -> Authenticator {
    let url = SecretString::from("postgres://127.0.0.1:1/nowhere?sslmode=disable");
    let database = Database::new(&Connect { url: &url, role: "orders_app", pool_size: 1 }).unwrap();
    let (cache, keyring) = (Cache::new(&SecretString::from(redis_url)).unwrap(), Arc::new(Keyring::parse(&KEYS.into()).unwrap()));
    Authenticator::new(database, cache, keyring, operator.map(SecretString::from).as_ref())
}

fn fresh_id() -> KeyId {
    KeyId { tenant: TenantId::new(Uuid::now_v7()), key: Uuid::now_v7() }
}

fn key() -> KnownKey {
    KnownKey {
        secret: SECRET.to_vec().into(),
        scopes: [Permission::OrdersRead].into(),
        expires_at: None,
        revoked_at: None,
        tenant_suspended: false,
        policy: Arc::new(TenantPolicy::default()),
    }
}

/// Signs `GET /v1/orders` as `key_id` and has it authenticated.
async fn authenticate(authenticator: &Authenticator, key_id: &str, secret: &[u8], nonce: &str) -> Result<Principal, AuthError> {
    authenticated(authenticator, key_id, secret, nonce).await.map(|authenticated| authenticated.principal)
}

/// How the holder of a good key stands after such a request.
async fn standing(authenticator: &Authenticator, key_id: &str, nonce: &str) -> Standing {
    authenticated(authenticator, key_id, SECRET, nonce).await.unwrap().standing
}

async fn authenticated(authenticator: &Authenticator, key_id: &str, secret: &[u8], nonce: &str) -> Result<Authenticated, AuthError> {
    let now = clock::now();
    let mut headers = HeaderMap::new();
    let unsigned = RequestParts { method: "GET", path: "/v1/orders", query: None, headers: &HeaderMap::new(), body: b"" };
    for (name, value) in sign(&unsigned, key_id, secret, now.as_second(), nonce).unwrap().iter() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    authenticator.signed(&RequestParts { headers: &headers, ..unsigned }, Sought::Nothing, now).await
}

fn reason(outcome: Result<Principal, AuthError>) -> Reason {
    match outcome {
        Err(AuthError::Rejected(rejection)) => rejection.reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_good_signature_names_tenant_key_and_scopes() {
    let (authenticator, id) = (authenticator(NOWHERE), fresh_id());
    authenticator.learn(id, Some(key())).await;
    let principal = authenticate(&authenticator, &id.to_string(), SECRET, "nonce-0001").await.unwrap();
    assert_eq!((principal.tenant, principal.key), (id.tenant, id));
    assert!(principal.may(Permission::OrdersRead) && !principal.may(Permission::OrdersWrite));
}

#[tokio::test]
async fn an_unknown_an_expired_a_revoked_and_an_impossible_key_are_refused_alike() {
    let (authenticator, now) = (authenticator(NOWHERE), clock::now());
    let ended: [Option<KnownKey>; 3] = [
        None,
        Some(KnownKey { expires_at: Some(now), ..key() }),
        Some(KnownKey { revoked_at: Some(Timestamp::from_microsecond(0)), ..key() }),
    ];
    for known in ended {
        let id = fresh_id();
        authenticator.learn(id, known).await;
        assert_eq!(reason(authenticate(&authenticator, &id.to_string(), SECRET, "nonce-0001").await), Reason::UnknownKey);
    }
    assert_eq!(reason(authenticate(&authenticator, "partner-7", SECRET, "nonce-0001").await), Reason::UnknownKey);
}

#[tokio::test]
async fn another_secret_does_not_fit_and_leaves_the_nonce_unused() {
    let (authenticator, id) = (authenticator(&redis_url()), fresh_id());
    authenticator.learn(id, Some(key())).await;
    assert_eq!(reason(authenticate(&authenticator, &id.to_string(), b"osk_other", "nonce-0001").await), Reason::MacMismatch);
    assert!(authenticate(&authenticator, &id.to_string(), SECRET, "nonce-0001").await.is_ok());
}

#[tokio::test]
async fn a_nonce_counts_once_while_redis_is_there_and_is_not_missed_while_it_is_away() {
    let id = fresh_id();
    for (redis_url, repeat_is_refused) in [(redis_url(), true), (NOWHERE.to_owned(), false)] {
        let authenticator = authenticator(&redis_url);
        authenticator.learn(id, Some(key())).await;
        authenticate(&authenticator, &id.to_string(), SECRET, "nonce-0001").await.unwrap();
        let repeated = authenticate(&authenticator, &id.to_string(), SECRET, "nonce-0001").await;
        if repeat_is_refused {
            assert_eq!(reason(repeated), Reason::Replayed);
        } else {
            repeated.unwrap();
        }
    }
}

/// A session of this key that lends reading orders and payments, and the token of it.
fn session(key: KeyId, expires_at: Timestamp) -> (Session, SecretString) {
    let scopes = vec![Permission::OrdersRead, Permission::PaymentsRead];
    let session = Session { id: SessionId::new(Uuid::now_v7()), key, scopes, expires_at };
    let token = session_token(&Keyring::parse(&KEYS.into()).unwrap(), &session).unwrap();
    (session, token)
}

async fn in_session(authenticator: &Authenticator, token: &SecretString) -> Result<Principal, AuthError> {
    let authenticated = authenticator.in_session(token.expose_secret(), Sought::Nothing, clock::now()).await;
    authenticated.map(|authenticated| authenticated.principal)
}

#[tokio::test]
async fn a_session_lends_what_its_key_still_holds_until_either_ends() {
    let (redis, id, now) = (redis_url(), fresh_id(), clock::now());
    let authenticator = authenticator(&redis);
    authenticator.learn(id, Some(key())).await;
    let (session, token) = session(id, now.plus_seconds(60));
    assert!(matches!(in_session(&authenticator, &token).await, Err(AuthError::NoSession)), "not in Redis");
    let cache = Cache::new(&redis.into()).unwrap();
    cache.session_begin(id.tenant, session.id).await.unwrap();
    for _ in 0..2 {
        let principal = in_session(&authenticator, &token).await.unwrap();
        assert_eq!((principal.key, &*principal.scopes), (id, &[Permission::OrdersRead][..]), "the key does not read payments");
    }
    authenticator.learn(id, Some(KnownKey { revoked_at: Some(now), ..key() })).await;
    assert!(matches!(in_session(&authenticator, &token).await, Err(AuthError::NoSession)), "its key was revoked");
}

#[tokio::test]
async fn without_redis_a_session_lasts_to_its_end_and_no_longer() {
    let (authenticator, id, now) = (authenticator(NOWHERE), fresh_id(), clock::now());
    authenticator.learn(id, Some(key())).await;
    assert!(in_session(&authenticator, &session(id, now.plus_seconds(60)).1).await.is_ok());
    assert!(matches!(in_session(&authenticator, &session(id, now).1).await, Err(AuthError::NoSession)));
    assert!(matches!(in_session(&authenticator, &"ses_invented".into()).await, Err(AuthError::NoSession)));
}

#[tokio::test]
async fn rates_hold_with_redis_and_without() {
    for redis_url in [redis_url(), NOWHERE.to_owned()] {
        let (authenticator, id) = (authenticator(&redis_url), fresh_id());
        let policy = Arc::new(TenantPolicy { reads_per_second_per_key: 2, ..TenantPolicy::default() });
        authenticator.learn(id, Some(KnownKey { policy, ..key() })).await;
        let mut admitted = Vec::new();
        for nonce in ["nonce-0001", "nonce-0002", "nonce-0003"] {
            admitted.push(standing(&authenticator, &id.to_string(), nonce).await.wait.is_none());
        }
        assert_eq!(admitted, [true, true, false], "{redis_url}");
    }
}

#[tokio::test]
async fn the_operators_own_key_is_known_without_postgresql_and_only_where_it_is_configured() {
    let key_id = KeyId::OPERATOR.to_string();
    let secret = std::str::from_utf8(SECRET).unwrap();
    let principal = authenticate(&authenticator_of(NOWHERE, Some(secret)), &key_id, SECRET, "nonce-0001").await.unwrap();
    assert_eq!((principal.tenant, &*principal.scopes), (TenantId::OPERATOR, Permission::OF_OPERATORS));
    let other = authenticate(&authenticator_of(NOWHERE, Some(secret)), &key_id, b"osk_other", "nonce-0001").await;
    assert_eq!(reason(other), Reason::MacMismatch);
    assert_eq!(reason(authenticate(&authenticator(NOWHERE), &key_id, SECRET, "nonce-0001").await), Reason::UnknownKey);
}

#[tokio::test]
async fn without_postgresql_nothing_is_said_about_a_key() {
    let outcome = authenticate(&authenticator(NOWHERE), &fresh_id().to_string(), SECRET, "nonce-0001").await;
    assert!(matches!(outcome, Err(AuthError::Unavailable(_))), "{outcome:?}");
}

fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379/15".to_owned())
}
