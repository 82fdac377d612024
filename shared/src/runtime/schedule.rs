//! When a job runs, as its manifest says it.

use std::time::Duration;

/// A job's `schedule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// `once`: before anything is served; its failure is the process's.
    Once,
    /// `continuous`: until the process stops.
    Continuous,
    /// `rate(5 minutes)`: at start, then this long after the last start, never two at once.
    Every(Duration),
}

impl Schedule {
    /// Reads a manifest's expression; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "once" => Some(Self::Once),
            "continuous" => Some(Self::Continuous),
            _ => rate(text.strip_prefix("rate(")?.strip_suffix(')')?).map(Self::Every),
        }
    }
}

fn rate(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_once(' ')?;
    let seconds: u64 = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    count.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expressions_of_manifests_are_understood() {
        assert_eq!(Schedule::parse("once"), Some(Schedule::Once));
        assert_eq!(Schedule::parse("continuous"), Some(Schedule::Continuous));
        assert_eq!(Schedule::parse("rate(1 minute)"), Some(Schedule::Every(Duration::from_secs(60))));
        assert_eq!(Schedule::parse("rate(2 hours)"), Some(Schedule::Every(Duration::from_secs(7_200))));
        for text in ["", "rate()", "rate(0 minutes)", "rate(1 week)", "cron(0 * * * *)", "hourly"] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
