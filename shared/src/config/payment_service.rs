//! The payment partner and the key that we sign our calls with.

use secrecy::SecretString;
use url::Url;

use super::{Environment, Reader, urls};

const EXPECTED: &str = "http://host:port or https://…";

/// | variable | meaning |
/// |---|---|
/// | `PAYMENT_SERVICE_URL` | required by the sender of payment operations; in production `https://` |
/// | `PAYMENT_SERVICE_KEY_ID` | the key id that the partner gave us |
/// | `PAYMENT_SERVICE_SECRET` | its secret; the MAC key is this text's bytes |
#[derive(Debug, Clone)]
pub struct PaymentServiceConfig {
    /// Its base: `/v1/operations` is joined to it.
    pub url: Url,
    /// `keyid` of our signatures.
    pub key_id: String,
    /// Their key.
    pub secret: SecretString,
}

impl PaymentServiceConfig {
    /// Reads the variables above; `None` only when the URL is none, which is then noted.
    pub fn read(reader: &mut Reader<'_>, environment: Environment) -> Option<Self> {
        let text = reader.required("PAYMENT_SERVICE_URL", EXPECTED);
        let key_id = reader.required("PAYMENT_SERVICE_KEY_ID", "the key id that the payment service knows us by");
        let secret = reader.required_secret("PAYMENT_SERVICE_SECRET", "the secret of that key");
        let url = urls::check(reader, "PAYMENT_SERVICE_URL", &text, &["http", "https"], EXPECTED)?;
        environment.demand(reader, "PAYMENT_SERVICE_URL", url.scheme() == "https", "is plaintext; in production expected https://");
        Some(Self { url, key_id, secret })
    }
}
