//! Webhooks by the specification of <https://www.standardwebhooks.com>, signed by its symmetric scheme `v1`.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Url, redirect};
use sha2::Sha256;

use crate::log;

/// How long one attempt may take, to the end of the answer's head; beyond it the attempt has failed.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The pauses before each attempt, in milliseconds; after the last attempt the webhook is given up.
const PAUSES_MS: [u64; 5] = [0, 100, 500, 2_000, 8_000];

/// The lengths that the specification allows a secret, in bytes.
const SECRET_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// Where webhooks go, and what signs them. Clones share connections.
#[derive(Debug, Clone)]
pub struct Webhooks {
    client: Client,
    url: Url,
    /// Keyed, and fed nothing yet.
    mac: Hmac<Sha256>,
}

/// A webhook, but for the time of its sending.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// The same whenever the same is told.
    pub id: String,
    /// JSON.
    pub body: String,
}

impl Webhooks {
    /// Webhooks to `url`, signed with a secret `whsec_` and base64.
    ///
    /// # Errors
    /// One sentence that does not contain the secret.
    pub fn new(url: &str, secret: &str) -> Result<Self, String> {
        let url: Url = url.parse().map_err(|error| format!("the webhook's address is none: {error}"))?;
        let key = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let key = key.filter(|key| SECRET_LENGTHS.contains(&key.len())).ok_or("a webhook secret is whsec_ and 24 to 64 bytes of base64")?;
        // Whoever comes first decides for the process; everybody here chooses ring, so a lost race changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(ATTEMPT_TIMEOUT).redirect(redirect::Policy::none()).build();
        let client = client.map_err(|error| format!("the webhook's client cannot be built: {error}"))?;
        Ok(Self { client, url, mac: Hmac::new_from_slice(&key).map_err(|error| error.to_string())? })
    }

    /// Sends a webhook until it is taken with a 2xx or the attempts are used up.
    pub(super) async fn deliver(&self, message: &Message) {
        for pause_ms in PAUSES_MS {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            let status = self.attempt(message).await;
            if status.is_some_and(|status| (200..300).contains(&status)) {
                return;
            }
            log::line("warn", "a webhook was not taken", &[("webhook.id", &message.id), ("http.status", &name(status))]);
        }
        log::line("error", "a webhook was given up", &[("webhook.id", &message.id)]);
    }

    /// Sends the same webhook many times at once and counts the answers by status; `none` counts those that never came.
    pub(super) async fn storm(&self, message: &Message, times: usize) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for status in join_all((0..times).map(|_| self.attempt(message))).await {
            *counts.entry(name(status)).or_default() += 1;
        }
        counts
    }

    /// Sends it once, signed as of now, and returns the status of the answer if there is one.
    async fn attempt(&self, message: &Message) -> Option<u16> {
        let timestamp = jiff::Timestamp::now().as_second();
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.signature(message, timestamp))
            .body(message.body.clone());
        Some(request.send().await.ok()?.status().as_u16())
    }

    fn signature(&self, Message { id, body }: &Message, timestamp: i64) -> String {
        let mut mac = self.mac.clone();
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

fn name(status: Option<u16>) -> String {
    status.map_or_else(|| "none".to_owned(), |status| status.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_specifications_example_is_signed_as_it_says() {
        let webhooks = Webhooks::new("http://localhost/", SECRET).unwrap();
        let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), body: r#"{"test": 2432232314}"#.into() };
        assert_eq!(webhooks.signature(&message, 1_614_265_330), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_of_another_form_is_refused_and_not_repeated() {
        for secret in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!"] {
            let refusal = Webhooks::new("http://localhost/", secret).unwrap_err();
            assert!(!refusal.contains(secret), "{refusal}");
        }
        assert!(Webhooks::new("nowhere", SECRET).is_err());
    }
}
