//! From a JSON value to the shape that a handler wants, more strictly than serde and in JSON's own words.
//!
//! serde takes an array where a struct is wanted and an object where the name of a variant is; a caller who sends one has made a
//! mistake, so here both are refused. And what does not fit is told as `must be an object, is an array`, not as a type of Rust.

use std::fmt;

use serde::{
    Deserialize,
    de::{
        Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;

use super::Problem;
use crate::domain::invalid::{FieldError, push_segment};

/// The value as this shape.
///
/// # Errors
/// 422 `validation_failed` with a JSON Pointer to the first thing that does not fit.
pub(super) fn read<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Shaped(value)).map_err(|error| {
        let mut pointer = pointer(error.path());
        let Misfit { code, message, member } = error.into_inner();
        // A missing member has no place of its own; the pointer names the place where it belongs.
        if let Some(member) = member {
            push_segment(&mut pointer, member);
        }
        Problem::invalid(vec![FieldError { pointer, code, message }])
    })
}

/// A path as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;

    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_segment(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_segment(&mut pointer, key),
            // A variant is no place in the document; an unknown one cannot be named.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Why a value does not fit.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Misfit {
    code: &'static str,
    message: String,
    /// The member that is missing.
    member: Option<&'static str>,
}

impl Misfit {
    fn new(code: &'static str, message: String) -> Self {
        Self { code, message, member: None }
    }
}

impl Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new("invalid_value", message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        match found {
            // An integer beyond 64 bits was read as a float.
            Unexpected::Float(number) if is_integer(&wanted.to_string()) && number.abs() >= TWO_TO_63 => Self::out_of_range(found),
            _ => Self::new("invalid_type", format!("must be {}, is {}", in_json(&wanted.to_string()), kind(found))),
        }
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        match found {
            Unexpected::Signed(_) | Unexpected::Unsigned(_) if is_integer(&wanted.to_string()) => Self::out_of_range(found),
            _ => Self::new("invalid_value", format!("must be {}, is {}", in_json(&wanted.to_string()), kind(found))),
        }
    }

    fn invalid_length(length: usize, wanted: &dyn Expected) -> Self {
        Self::new("invalid_length", format!("has {length} items, must have {wanted}"))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new("unknown_value", format!("must be one of {}", known.join(", ")))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::new("unknown_field", format!("is no member here; there are {}", known.join(", ")))
    }

    fn missing_field(member: &'static str) -> Self {
        Self { code: "required", message: "is required".to_owned(), member: Some(member) }
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::new("duplicate", "comes twice".to_owned())
    }
}

impl Misfit {
    fn out_of_range(found: Unexpected<'_>) -> Self {
        Self::new("out_of_range", format!("is out of range: {}", kind(found)))
    }
}

/// 2^63: from here on an integer fits none of our types.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// Whether serde wants a number without a fraction; it then names the type of Rust.
fn is_integer(wanted: &str) -> bool {
    matches!(wanted, "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize")
}

/// What serde wants, in JSON's words.
fn in_json(wanted: &str) -> &str {
    match wanted {
        integer if is_integer(integer) => "an integer",
        "a map" => "an object",
        "a sequence" => "an array",
        r#struct if r#struct.starts_with("struct ") => "an object",
        variant if variant.starts_with("enum ") || variant == "variant identifier" => "a string",
        other => other,
    }
}

/// What came, in JSON's words. A text is not repeated: it may be long, and it may be a secret in the wrong place.
fn kind(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        _ => "a string".to_owned(),
    }
}

/// A value that fits only what it is.
struct Shaped<'a>(&'a Value);

impl<'a> IntoDeserializer<'a, Misfit> for Shaped<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Shaped<'_> {
    fn unexpected(&self) -> Unexpected<'_> {
        match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Unexpected::Signed(number),
                (None, Some(number)) => Unexpected::Unsigned(number),
                (None, None) => Unexpected::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

impl<'de> Deserializer<'de> for Shaped<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Shaped));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Object(members) => {
                visitor.visit_map(&mut MapDeserializer::new(members.iter().map(|(key, value)| (&**key, Shaped(value)))))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        if self.0.is_object() { self.deserialize_any(visitor) } else { Err(Error::invalid_type(self.unexpected(), &visitor)) }
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier ignored_any
    }
}
