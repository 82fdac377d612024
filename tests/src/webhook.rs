//! The payment service as it pushes: a webhook, signed as Standard Webhooks wants or, when a test says so, in another way.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use shared::signature::standard_webhooks::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign};

use super::{Answer, Caller, Request};

/// Where webhooks go.
pub const WEBHOOK_PATH: &str = "/v1/webhooks/payments";
/// The secret that every stack knows.
pub const WEBHOOK_SECRET: &str = "whsec_dGhlIHBheW1lbnQgc2VydmljZSBvZiB0aGUgdGVzdHM=";

/// A webhook that is being put together; [`push`](Self::push) signs and sends it.
#[derive(Debug, Clone)]
pub struct Webhook {
    id: String,
    signed_at_unix: i64,
    secrets: Vec<String>,
    body: Value,
}

impl Webhook {
    /// News of this type: the first operation of an order has succeeded as it was asked for. The order is one of the caller's, with its
    /// payments.
    #[must_use]
    pub fn of(caller: &Caller, order: &Value, r#type: &str) -> Self {
        let (payment, now) = (&order["payments"][0], jiff::Timestamp::now());
        let operation = &payment["operations"][0];
        let data = json!({
            "id": operation["id"], "kind": operation["kind"], "status": "succeeded", "amount": operation["amount"],
            "currency": order["currency"], "provider_reference": "ch_1842", "occurred_at": now.to_string(),
            "tenant_id": caller.key.tenant_id, "order_id": order["id"], "payment_id": payment["id"],
        });
        Self {
            id: format!("msg_{}", uuid::Uuid::new_v4().simple()),
            signed_at_unix: now.as_second(),
            secrets: vec![WEBHOOK_SECRET.to_owned()],
            body: json!({ "type": r#type, "timestamp": now.to_string(), "data": data }),
        }
    }

    /// The news that the first capture of an order has succeeded.
    #[must_use]
    pub fn captured(caller: &Caller, order: &Value) -> Self {
        Self::of(caller, order, "payment.captured")
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The body after a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.body);
        self
    }

    /// With this id.
    #[must_use]
    pub fn named(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    /// Signed with these secrets, each `whsec_…`, a signature for each.
    #[must_use]
    pub fn secrets(self, secrets: &[&str]) -> Self {
        Self { secrets: secrets.iter().map(ToString::to_string).collect(), ..self }
    }

    /// Signed so many seconds from now; negative is in the past.
    #[must_use]
    pub fn signed_in_s(mut self, seconds: i64) -> Self {
        self.signed_at_unix += seconds;
        self
    }

    /// The request that brings it, signed; what is changed in it now was changed on its way. The caller's address counts, and not its key.
    ///
    /// # Panics
    /// When a secret is none.
    #[must_use]
    pub fn request<'c>(&self, caller: &'c Caller) -> Request<'c> {
        let body = self.body.to_string().into_bytes();
        let signature = |secret: &String| {
            let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
            sign(&self.id, self.signed_at_unix, &body, &key)
        };
        let signatures: Vec<_> = self.secrets.iter().map(signature).collect();
        let request = caller.post(WEBHOOK_PATH).unsigned().bytes(body).header("content-type", "application/json");
        let request = request.header(WEBHOOK_ID, &self.id).header(WEBHOOK_TIMESTAMP, &self.signed_at_unix.to_string());
        request.header(WEBHOOK_SIGNATURE, &signatures.join(" "))
    }

    /// Sends it.
    ///
    /// # Panics
    /// When there is no answer, or one that the contract does not know.
    pub async fn push(&self, caller: &Caller) -> Answer {
        self.request(caller).send().await
    }
}
