//! Where an event stands among those of its tenant, as a reader who comes back names it.

use std::{fmt, str::FromStr};

/// The place of an event: the transaction that wrote it, then its number in it. Text: `<tx>-<seq>`, both decimal.
///
/// Events are told in this order, and only once no older transaction is open any more. So whoever has seen one has seen all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// PostgreSQL's number of the transaction (`xid8`).
    pub tx: u64,
    /// The event's own number, given out before the commit: it orders the events of one transaction and no others.
    pub seq: i64,
}

/// A text that names no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position of the form <tx>-<seq>")]
pub struct InvalidPosition;

impl Position {
    /// Before every event: what is kept is told from its beginning.
    pub const START: Self = Self { tx: 0, seq: 0 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.tx, self.seq)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (tx, seq) = text.split_once('-').ok_or(InvalidPosition)?;
        // `parse` would take a sign, too: one position would have two texts.
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !(is_number(tx) && is_number(seq)) {
            return Err(InvalidPosition);
        }
        Ok(Self { tx: tx.parse().map_err(|_| InvalidPosition)?, seq: seq.parse().map_err(|_| InvalidPosition)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_its_text() {
        for text in ["0-0", "731-1842", "18446744073709551615-9223372036854775807"] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "1-2-3",
            "+1-2",
            "1-+2",
            "1--2",
            " 1-2",
            "1-2 ",
            "ä-2",
            "18446744073709551616-1",
            "1-9223372036854775808",
        ] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }

    #[test]
    fn transactions_come_first() {
        let position = |text: &str| text.parse::<Position>().unwrap();
        assert!(position("9-500") < position("10-1") && position("10-1") < position("10-2"));
        assert!(Position::START < position("0-1"));
    }
}
