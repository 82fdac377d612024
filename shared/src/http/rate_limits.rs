//! What a caller sees of its rates: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10) on every answer, and the
//! 429 when there is no room.

use http::{
    HeaderMap, HeaderValue,
    header::{HeaderName, RETRY_AFTER},
};

use super::{Code, Problem};
use crate::{domain::rate::Standing, telemetry::metrics::RATE_LIMITED};

/// The rates themselves: `"writes-key";q=1000;w=1, "writes-tenant";q=2000;w=1`.
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of the scarcer one: `"writes-key";r=999;t=1`.
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Lets a request through that may come now.
///
/// # Errors
/// 429 `rate_limited`, with the seconds to wait.
pub(super) fn require_room(standing: &Standing) -> Result<(), Problem> {
    let Some(wait) = standing.wait else { return Ok(()) };
    let Standing { quota, .. } = standing;
    metrics::counter!(RATE_LIMITED, "class" => quota.class.as_str()).increment(1);
    let detail = format!(
        "a key may make {} {} a second, all keys of a tenant together {}",
        quota.key.per_second(),
        quota.class,
        quota.tenant.per_second()
    );
    // Whole seconds, and never none of them.
    let seconds = u16::try_from(wait.as_secs()).unwrap_or(u16::MAX).saturating_add(1);
    Err(Problem::new(Code::RateLimited).detail(detail).header(RETRY_AFTER, seconds.into()))
}

/// Tells a caller how it stands.
pub(super) fn tell(standing: &Standing, headers: &mut HeaderMap) {
    let Standing { quota, key_left, tenant_left, .. } = standing;
    let class = quota.class.as_str();
    let policy = format!("\"{class}-key\";q={};w=1, \"{class}-tenant\";q={};w=1", quota.key.per_second(), quota.tenant.per_second());
    let (whose, left) = if key_left <= tenant_left { ("key", key_left) } else { ("tenant", tenant_left) };
    let limit = format!("\"{class}-{whose}\";r={left};t=1");
    // Names and numbers are visible ASCII.
    for (name, value) in [(RATELIMIT_POLICY, policy), (RATELIMIT, limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::rate::{Quota, Rate, RateClass};

    fn standing(key_left: u32, tenant_left: u32, wait: Option<Duration>) -> Standing {
        let quota = Quota { class: RateClass::Writes, key: Rate::new(10), tenant: Rate::new(15) };
        Standing { quota, key_left, tenant_left, wait }
    }

    fn told(standing: &Standing) -> [String; 2] {
        let mut headers = HeaderMap::new();
        tell(standing, &mut headers);
        [RATELIMIT_POLICY, RATELIMIT].map(|name| headers[name].to_str().unwrap().to_owned())
    }

    #[test]
    fn both_rates_are_told_and_what_is_left_of_the_scarcer() {
        let policy = "\"writes-key\";q=10;w=1, \"writes-tenant\";q=15;w=1";
        assert_eq!(told(&standing(3, 9, None)), [policy, "\"writes-key\";r=3;t=1"]);
        assert_eq!(told(&standing(3, 2, None)), [policy, "\"writes-tenant\";r=2;t=1"]);
    }

    #[test]
    fn who_is_one_too_many_is_told_to_wait_for_whole_seconds() {
        assert!(require_room(&standing(0, 0, None)).is_ok());
        let problem = require_room(&standing(0, 5, Some(Duration::from_millis(1)))).unwrap_err();
        assert_eq!(problem.code(), Code::RateLimited);
        assert_eq!(problem.into_reply("r").headers()[RETRY_AFTER], "1");
    }
}
