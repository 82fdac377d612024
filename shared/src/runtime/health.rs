//! What every host answers beside its functions: is the process alive, can it work, which version is it.
//!
//! Readiness is probed hard, so it is cheap and cached, and it asks PostgreSQL only: without Redis or RabbitMQ requests still succeed,
//! and an instance taken out for them would turn a slow-down into an outage.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use serde::Serialize;
use tokio::{sync::Mutex, task::JoinHandle, time::Instant};

use crate::{
    cache::Cache,
    db::{self, Database},
};

/// How long an answer of PostgreSQL stands for the next ones.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// PostgreSQL must answer within this time to count as there.
const PING_LIMIT: Duration = Duration::from_secs(1);

/// What readiness depends on, and what it only mentions.
#[derive(Clone)]
pub(super) struct Health(Arc<Inner>);

struct Inner {
    database: Database,
    cache: Option<Cache>,
    last: Mutex<Last>,
}

/// The last answer, and a ping that PostgreSQL has not answered yet.
#[derive(Default)]
struct Last {
    asked: Option<(Instant, bool)>,
    ping: Option<JoinHandle<Result<(), db::Error>>>,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    /// What is missing without making the instance useless.
    degraded: Vec<&'static str>,
}

impl Health {
    /// Of a process with this database and, if its functions use it, this Redis.
    pub(super) fn new(database: Database, cache: Option<Cache>) -> Self {
        Self(Arc::new(Inner { database, cache, last: Mutex::default() }))
    }

    /// `/healthz`, `/readyz`, `/version`.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { json(StatusCode::OK, &serde_json::json!({"status": "ok"})) }))
            .route("/version", get(|| async { json(StatusCode::OK, &serde_json::json!({"version": env!("CARGO_PKG_VERSION")})) }))
            .route("/readyz", get(move || self.readyz()))
    }

    async fn readyz(self) -> Response {
        let redis_away = self.0.cache.as_ref().is_some_and(|cache| !cache.is_available());
        let degraded = if redis_away { vec!["redis"] } else { Vec::new() };
        match self.database_answers().await {
            true => json(StatusCode::OK, &Readiness { status: "ready", degraded }),
            false => json(
                StatusCode::SERVICE_UNAVAILABLE,
                &Readiness { status: "unavailable", degraded: [vec!["postgresql"], degraded].concat() },
            ),
        }
    }

    async fn database_answers(&self) -> bool {
        // Probes that come together wait here for one ping.
        let mut last = self.0.last.lock().await;
        if let Some((asked, answers)) = last.asked
            && asked.elapsed() < FRESH_FOR
        {
            return answers;
        }
        // A ping is never cut, for a cut one costs the pool its connection; while one hangs, no other joins it.
        let mut ping = last.ping.take().unwrap_or_else(|| {
            let database = self.0.database.clone();
            tokio::spawn(async move { database.ping().await })
        });
        let answers = match tokio::time::timeout(PING_LIMIT, &mut ping).await {
            Ok(answer) => matches!(answer, Ok(Ok(()))),
            Err(_) => {
                last.ping = Some(ping);
                false
            }
        };
        last.asked = Some((Instant::now(), answers));
        answers
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    // These bodies have no map with keys that are not text, so writing them cannot fail.
    (status, headers, serde_json::to_string(body).unwrap_or_default()).into_response()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::db::Connect;

    fn health(url: &str) -> Health {
        let database = Database::new(&Connect { url: &url.into(), role: "postgres", pool_size: 1 }).unwrap();
        Health::new(database, None)
    }

    async fn readyz(health: &Health) -> (StatusCode, String) {
        let response = health.clone().readyz().await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn database_url() -> String {
        std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into())
    }

    #[tokio::test]
    async fn ready_while_postgresql_answers() {
        let health = health(&database_url());
        assert_eq!(readyz(&health).await, (StatusCode::OK, r#"{"status":"ready","degraded":[]}"#.into()));
    }

    #[tokio::test]
    async fn unavailable_without_it() {
        // Port 1 of loopback: nobody listens there.
        let health = health("postgres://127.0.0.1:1/orders");
        let expected = r#"{"status":"unavailable","degraded":["postgresql"]}"#;
        assert_eq!(readyz(&health).await, (StatusCode::SERVICE_UNAVAILABLE, expected.into()));
    }

    #[tokio::test]
    async fn an_answer_stands_for_a_second() {
        let health = health(&database_url());
        assert_eq!(readyz(&health).await.0, StatusCode::OK);
        health.0.database.close().await;
        assert_eq!(readyz(&health).await.0, StatusCode::OK, "not asked again yet");
    }
}
