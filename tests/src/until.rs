//! Waiting for what must come: the only place where a test lets time pass.

use std::{future::Future, time::Duration};

/// How long a test waits for something that must come. Generous, because two cores run several stacks at once; a passing
/// test never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks again and again until `condition` gives a value, and returns it.
///
/// # Panics
/// With `what` when [`PATIENCE`] is over.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, condition: impl FnMut() -> F) -> T {
    within(PATIENCE, condition).await.unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain until {what}"))
}

/// Looks again and again until `condition` gives a value or `limit` is over: for what a broken service never comes to.
pub async fn within<T, F: Future<Output = Option<T>>>(limit: Duration, mut condition: impl FnMut() -> F) -> Option<T> {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let looking = async {
        loop {
            looks.tick().await;
            if let Some(value) = condition().await {
                return value;
            }
        }
    };
    tokio::time::timeout(limit, looking).await.ok()
}
