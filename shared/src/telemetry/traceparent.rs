//! W3C Trace Context, level 1: reading, starting and continuing a `traceparent`.

use std::fmt;

use uuid::Uuid;

/// Bit 0 of the flags: the caller records this trace.
const SAMPLED: u8 = 1;
/// Length of version 00: `00-<32 hex>-<16 hex>-<2 hex>`.
const LENGTH: usize = 55;

/// Which trace a request or message belongs to, and which span caused it. Shown as the header's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: [u8; 16],
    parent: [u8; 8],
    flags: u8,
}

impl TraceParent {
    /// Starts a trace, sampled. Both ids come from UUIDv7s: what is not random in them is the time, which is no secret of a trace.
    #[expect(clippy::new_without_default, reason = "a default that differs at each call would surprise")]
    pub fn new() -> Self {
        Self { trace: Uuid::now_v7().into_bytes(), parent: fresh_span(), flags: SAMPLED }
    }

    /// From ids drawn elsewhere; `None` when one is all zero, which the specification forbids.
    pub fn from_ids(trace: [u8; 16], parent: [u8; 8], flags: u8) -> Option<Self> {
        (trace != [0; 16] && parent != [0; 8]).then_some(Self { trace, parent, flags })
    }

    /// Reads the header. `None` means "start a new trace" (§ 4.3): malformed, all-zero ids, or version `ff`. A later version is read as
    /// far as version 00 goes (§ 3.2.4).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (head, rest) = bytes.split_at_checked(LENGTH)?;
        let version = hex::<1>(&head[..2])?[0];
        let ends = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.first().is_none_or(|byte| *byte == b'-'),
        };
        if !ends || head[2] != b'-' || head[35] != b'-' || head[52] != b'-' {
            return None;
        }
        Self::from_ids(hex(&head[3..35])?, hex(&head[36..52])?, hex::<1>(&head[53..])?[0])
    }

    /// The same trace with a fresh span: what we send on.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { parent: fresh_span(), ..*self }
    }

    /// 32 hex digits: the log field `trace.id`.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace))
    }

    /// 16 hex digits: the log field `span.id`.
    pub fn span_id(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.parent))
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // We speak version 00 whatever version we were spoken to in.
        write!(f, "00-{:032x}-{:016x}-{:02x}", u128::from_be_bytes(self.trace), u64::from_be_bytes(self.parent), self.flags)
    }
}

/// The lower half of a UUIDv7: 62 random bits under the variant's two, so never all zero.
fn fresh_span() -> [u8; 8] {
    let (_, low) = Uuid::now_v7().as_u64_pair();
    low.to_be_bytes()
}

/// Lower-case hex only, as the specification demands.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_examples_of_the_specification_read_back() {
        let parsed = TraceParent::parse(EXAMPLE).unwrap();
        assert_eq!(parsed.to_string(), EXAMPLE);
        assert_eq!(parsed.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(parsed.span_id(), "00f067aa0ba902b7");
    }

    #[test]
    fn a_later_version_is_read_as_far_as_we_know_it() {
        let later = EXAMPLE.replacen("00", "cc", 1);
        for text in [later.clone(), format!("{later}-what-the-future-brings")] {
            assert_eq!(TraceParent::parse(&text).unwrap().to_string(), EXAMPLE);
        }
        assert_eq!(TraceParent::parse(&format!("{later}.x")), None);
    }

    #[test]
    fn what_is_malformed_starts_a_new_trace() {
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-0",
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_child_keeps_the_trace_and_the_flags_only() {
        let parent = TraceParent::parse(EXAMPLE).unwrap();
        let child = parent.child();
        assert_eq!((child.trace, child.flags), (parent.trace, parent.flags));
        assert_ne!(child.parent, parent.parent);
        assert_ne!(TraceParent::new().trace, TraceParent::new().trace);
    }
}
