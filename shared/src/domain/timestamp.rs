//! One moment, in whole microseconds UTC: what PostgreSQL keeps, so that a stored and reloaded time is the same time.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since the Unix epoch. Shown as RFC 3339 with six decimals: `2026-11-22T10:00:00.123456Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    pub const fn from_microsecond(microsecond: i64) -> Self {
        Self(microsecond)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_microsecond(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn as_second(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Seconds and nanoseconds since the Unix epoch; a time before it counts as the epoch.
    pub fn unix_parts(self) -> (u64, u32) {
        let seconds = u64::try_from(self.as_second()).unwrap_or(0);
        let nanoseconds = u32::try_from(self.0.rem_euclid(1_000_000)).unwrap_or(0) * 1_000;
        (seconds, nanoseconds)
    }

    /// This moment and so many seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// For the database driver and for calendar arithmetic.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first moment of the year 0, where RFC 3339 begins. PostgreSQL reaches further back, but not as far as the parser.
const FIRST: Timestamp = Timestamp(-62_167_219_200_000_000);

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let timestamp: Self = text.parse::<jiff::Timestamp>()?.into();
        if timestamp < FIRST { Err(jiff::Error::from_args(format_args!("the year is not 0000 to 9999"))) } else { Ok(timestamp) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_decimals_always() {
        assert_eq!(Timestamp::from_microsecond(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!("2026-11-22T10:00:00.1Z".parse::<Timestamp>().unwrap().to_string(), "2026-11-22T10:00:00.100000Z");
    }

    #[test]
    fn time_begins_with_the_year_0_and_ends_with_9999() {
        for good in ["0000-01-01T00:00:00Z", "9999-12-30T22:00:00Z"] {
            assert!(good.parse::<Timestamp>().is_ok(), "{good}");
        }
        for bad in ["-000001-12-31T23:59:59.999999Z", "-009999-01-02T00:00:00Z", "10000-01-01T00:00:00Z"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }
}
