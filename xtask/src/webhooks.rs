//! Signs webhooks as the payment service would: Standard Webhooks, symmetric scheme `v1`. Written from the specification and not from
//! the service's verifier, so that each checks the other. No request is sent here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::failure::{Context, Failure, Result};

/// The headers to add: `webhook-id`, `webhook-timestamp` (`signed_at` in seconds since 1970) and `webhook-signature`, made with a
/// secret `whsec_…`.
pub fn sign(id: &str, signed_at: u64, body: &[u8], secret: &str) -> Result<Vec<(&'static str, String)>> {
    let encoded = secret.strip_prefix("whsec_").ok_or_else(|| Failure::new("the secret of webhooks begins with whsec_"))?;
    let key = STANDARD.decode(encoded).context(|| "the secret of webhooks is not base64 after whsec_".to_owned())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).context(|| "the secret is no key".to_owned())?;
    mac.update(format!("{id}.{signed_at}.").as_bytes());
    mac.update(body);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    Ok(vec![("webhook-id", id.to_owned()), ("webhook-timestamp", signed_at.to_string()), ("webhook-signature", format!("v1,{signature}"))])
}

#[cfg(test)]
mod tests {
    use super::sign;

    /// The vector that the libraries of the specification are tested with.
    #[test]
    fn agrees_with_the_specification() {
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let headers = sign(id, 1_614_265_330, br#"{"test": 2432232314}"#, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(headers[0], ("webhook-id", id.to_owned()));
        assert_eq!(headers[1], ("webhook-timestamp", "1614265330".to_owned()));
        assert_eq!(headers[2], ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()));
    }

    #[test]
    fn another_secret_is_told() {
        for secret in ["osk_1", "whsec_%"] {
            assert!(sign("msg_1", 0, b"", secret).unwrap_err().to_string().contains("whsec_"), "{secret}");
        }
    }
}
