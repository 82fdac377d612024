//! Orders as their readers see them, by way of the views that Redis keeps: found in the round trip that admits a request, made from
//! PostgreSQL when there is none, then kept for the next reader. What is kept is sealed, because it shows who ordered what.

use axum::body::Bytes;
use http::HeaderMap;
use serde::Serialize;

use super::{Call, Problem, Reply};
use crate::{
    cache::{Cache, OrderKey, SealedView},
    domain::ids::OrderId,
    secrets,
    telemetry::metrics::ORDER_VIEWS,
};

/// The version that a reader knows of: nothing older is shown.
const MIN_VERSION: &str = "min-version";

/// Reads `Min-Version`; absent, any version will do.
///
/// # Errors
/// 400 `malformed` for what is no version.
pub(super) fn min_version(headers: &HeaderMap) -> Result<u64, Problem> {
    let Some(value) = headers.get(MIN_VERSION) else { return Ok(0) };
    let version = value.to_str().ok().and_then(|text| text.parse().ok());
    version.ok_or_else(|| Problem::malformed("Min-Version must be the version of an order").member("parameter", "Min-Version"))
}

/// Binds a sealed view to what it shows.
fn aad(key: OrderKey, version: u64) -> Vec<u8> {
    secrets::row_aad("orders/view", key.tenant, &format!("{}/{version}/{}", key.order, key.view))
}

impl Call {
    /// The version that this reader knows of (`Min-Version`); 0 if it knows of none.
    ///
    /// # Errors
    /// 400 `malformed`.
    pub fn min_version(&self) -> Result<u64, Problem> {
        min_version(&self.parts.headers)
    }

    /// The answer from what Redis keeps of this order, unless the caller knows of a newer version.
    ///
    /// # Errors
    /// 400 `malformed` for a bad `Min-Version`.
    pub(super) fn kept_view(&self, order: OrderId, view: &'static str, kept: Option<&SealedView>) -> Result<Option<Reply>, Problem> {
        let wanted = self.min_version()?;
        let (reply, result) = match kept {
            Some(kept) if kept.version < wanted => (None, "older"),
            Some(kept) => {
                let key = OrderKey { tenant: self.tenant()?, order, view };
                // What does not open was sealed by a key that is gone, or is not what it says: PostgreSQL knows.
                let plain = self.context().keyring.open(&aad(key, kept.version), &kept.sealed).ok();
                (plain.map(|plain| self.versioned(kept.version, plain.into())), "hit")
            }
            None => (None, "miss"),
        };
        metrics::counter!(ORDER_VIEWS, "result" => result).increment(1);
        Ok(reply)
    }

    /// The answer with a view that was just made, which is kept for the next reader; nobody waits for that.
    ///
    /// # Errors
    /// 500 when the view cannot be JSON, which is a bug of the view.
    pub fn new_view(&self, order: OrderId, view: &'static str, version: u64, shown: &impl Serialize) -> Result<Reply, Problem> {
        let body = Bytes::from(serde_json::to_vec(shown).map_err(Problem::internal)?);
        if let Some(cache) = self.context().cache.clone() {
            let key = OrderKey { tenant: self.tenant()?, order, view };
            let sealed = self.context().keyring.seal(&aad(key, version), &body);
            tokio::spawn(keep(cache, key, SealedView { version, sealed }));
        }
        Ok(self.versioned(version, body))
    }

    fn versioned(&self, version: u64, body: Bytes) -> Reply {
        if self.if_none_match(version) { Reply::not_modified(version) } else { Reply::json_text(self.spec.success, body).version(version) }
    }
}

async fn keep(cache: Cache, key: OrderKey, view: SealedView) {
    if let Err(error) = cache.order_keep(key, &view).await {
        tracing::debug!(error.message = %error, "a view of an order is not kept in Redis");
    }
}
