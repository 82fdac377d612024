//! Which service to call, and as whom: what `dev` announces in `.local/dev/env`, or what was typed instead.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::random;
use crate::signing::{Key, Moment, Request, sign};

/// What stands wherever nothing answers.
pub const NOT_RUNNING: &str = "nothing runs; start it with: cargo xtask dev";

/// Where `dev` announces itself, as long as it runs.
const ANNOUNCEMENT: &str = ".local/dev/env";

/// A service and a key of it.
pub struct Target {
    url: String,
    key_id: String,
    secret: String,
}

impl Target {
    /// The service that `dev` runs and its demo key; `url` and `key` take their places.
    pub fn read(checkout: &Checkout, url: Option<&str>, key: Option<Key<'_>>) -> Result<Self> {
        let announced = |name: &str| {
            let text = checkout.read(ANNOUNCEMENT).map_err(|_| Failure::new(NOT_RUNNING))?;
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned).ok_or_else(|| Failure::new(format!("{ANNOUNCEMENT} does not say {name}")))
        };
        let url = url.map_or_else(|| announced("ORDERS_URL"), |url| Ok(url.to_owned()))?;
        let (key_id, secret) = match key {
            Some(key) => (key.id.to_owned(), key.secret.to_owned()),
            None => (announced("ORDERS_KEY_ID")?, announced("ORDERS_SECRET")?),
        };
        Ok(Self { url: url.trim_end_matches('/').to_owned(), key_id, secret })
    }

    /// The address without path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers that sign a request now, with a nonce of its own.
    pub fn sign(&self, request: &Request<'_>) -> Result<Vec<(&'static str, String)>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context(|| "the clock is before 1970".into())?;
        let nonce = random::token()?;
        sign(request, &Key { id: &self.key_id, secret: &self.secret }, &Moment { created: now.as_secs(), nonce: &nonce })
    }
}

#[cfg(test)]
mod tests {
    use super::{ANNOUNCEMENT, NOT_RUNNING, Target};
    use crate::checkout::Checkout;
    use crate::signing::Key;

    #[test]
    fn what_is_typed_takes_the_place_of_what_is_announced() {
        let root = std::env::temp_dir().join(format!("xtask-target-{}", std::process::id()));
        std::fs::create_dir_all(root.join(".local/dev")).unwrap();
        let checkout = Checkout::at(&root);
        let key = || Key { id: "key_typed", secret: "osk_typed" };
        assert_eq!(Target::read(&checkout, None, Some(key())).err().unwrap().to_string(), NOT_RUNNING);
        let typed = Target::read(&checkout, Some("http://typed/"), Some(key())).unwrap();
        assert_eq!([typed.url(), &typed.key_id, &typed.secret], ["http://typed", "key_typed", "osk_typed"]);

        let text = "ORDERS_URL=http://dev\nORDERS_KEY_ID=key_dev\nORDERS_SECRET=osk_dev\n";
        std::fs::write(root.join(ANNOUNCEMENT), text).unwrap();
        let announced = Target::read(&checkout, None, None).unwrap();
        assert_eq!([announced.url(), &announced.key_id, &announced.secret], ["http://dev", "key_dev", "osk_dev"]);
        assert_eq!(Target::read(&checkout, Some("http://typed"), None).unwrap().key_id, "key_dev");
        std::fs::remove_dir_all(root).unwrap();
    }
}
