//! A member of a JSON merge patch (RFC 7396): left out, null, or a value.

use serde::{Deserialize, Deserializer};

/// What a patch says about one member. Its struct says `#[serde(default)]`, so that a member left out is [`Keep`](Self::Keep).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Left out: it stays as it is.
    #[default]
    Keep,
    /// `null`: it is removed, which gives it back its default where it has one.
    Remove,
    /// A value: it takes its place.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Remove, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_out_null_and_a_value_are_three_things() {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            a: Patch<u8>,
        }
        let read = |text: &str| serde_json::from_str::<Body>(text).unwrap().a;
        assert_eq!(read("{}"), Patch::Keep);
        assert_eq!(read(r#"{"a":null}"#), Patch::Remove);
        assert_eq!(read(r#"{"a":7}"#), Patch::Set(7));
    }
}
