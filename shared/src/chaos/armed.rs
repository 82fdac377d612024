//! What the environment asks a chaos build for: `CRASH_AT=<point>[:<n>]` to die when a point is reached for the n-th time, first if not
//! said; `PLANTED_BUG=<bug>`.

#[cfg(feature = "chaos")]
pub(crate) use self::process::{is_planted, point};
use super::CrashPoint;

/// Where to die, and how often that point is survived before.
#[derive(Debug, PartialEq, Eq)]
struct Crash {
    point: CrashPoint,
    survived: u32,
}

/// Reads `<point>[:<n>]`.
fn parse(text: &str) -> Option<Crash> {
    let (point, times) = text.split_once(':').unwrap_or((text, "1"));
    Some(Crash { point: point.parse().ok()?, survived: times.parse::<u32>().ok()?.checked_sub(1)? })
}

#[cfg(feature = "chaos")]
mod process {
    use std::{
        fmt::Display,
        io::Write as _,
        sync::{
            LazyLock,
            atomic::{AtomicU32, Ordering},
        },
    };

    use super::{
        super::{CrashPoint, PlantedBug},
        Crash, parse,
    };

    static CRASH: LazyLock<Option<Crash>> = LazyLock::new(|| read("CRASH_AT", parse));
    static BUG: LazyLock<Option<PlantedBug>> = LazyLock::new(|| read("PLANTED_BUG", |text| text.parse().ok()));
    /// How often the point of [`CRASH`] was reached.
    static REACHED: AtomicU32 = AtomicU32::new(0);

    /// A process that misunderstands what it is to prove would prove nothing, so it dies at once.
    fn read<T>(name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = std::env::var(name).ok()?;
        Some(parse(&text).unwrap_or_else(|| die(format_args!("{name} does not know {text:?}"))))
    }

    /// Ends the process as `kill -9` would: nothing is flushed, nothing is closed, no destructor runs. The last words are the proof that
    /// a point was really reached.
    fn die(last_words: impl Display) -> ! {
        let _ = writeln!(std::io::stderr(), "{last_words}");
        std::process::abort()
    }

    /// Dies here, without any destructor, if `CRASH_AT` asks for it.
    pub(crate) fn point(point: CrashPoint) {
        if let Some(crash) = CRASH.as_ref().filter(|crash| crash.point == point)
            && REACHED.fetch_add(1, Ordering::Relaxed) == crash.survived
        {
            die(format_args!("crashed at {point}"));
        }
    }

    /// Whether this process was started with `PLANTED_BUG` of this name.
    pub(crate) fn is_planted(bug: PlantedBug) -> bool {
        *BUG == Some(bug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_a_point_and_how_often_it_is_reached() {
        let point = CrashPoint::ChangeBeforeCommit;
        assert_eq!(parse("change_before_commit"), Some(Crash { point, survived: 0 }));
        assert_eq!(parse("change_before_commit:3"), Some(Crash { point, survived: 2 }));
        for unknown in ["", "change", "change_before_commit:", "change_before_commit:0", "change_before_commit:x"] {
            assert_eq!(parse(unknown), None, "{unknown:?}");
        }
    }
}
