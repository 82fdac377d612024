//! What texts and numbers of the domain look like to a reader of the published contract: patterns, lengths, ranges.
//!
//! A schema says what its parser enforces, with the parser's own constants; nothing is parsed here. Most types of this file have no
//! values: they stand in `#[schema(value_type = …)]` for a `String` or an `i64` that is checked later, with all its siblings.

mod shape;

use utoipa::{
    Number, PartialSchema, ToSchema,
    openapi::{
        KnownFormat, Object, ObjectBuilder, RefOr, Schema, SchemaFormat,
        schema::{AdditionalProperties, SchemaType, Type},
    },
};

pub use self::shape::{Shape, Shapes};
use super::{
    api_key::OVERLAP_SECONDS_MAX,
    dead_letter::{LETTER_REASON_MAX, RATE_MAX},
    ids::KeyId,
    invalid::NAME_MAX,
    money::Amount,
    order::{
        metadata::{METADATA_BYTES_MAX, METADATA_KEYS_MAX},
        reason::REASON_MAX,
        request::{QUANTITY_MAX, REFERENCE_MAX, SKU_MAX, TEXT_MAX},
        tender::{METHOD_MAX, TOKEN_MAX},
    },
    policy::{LINES_MAX, PAYMENT_DEADLINE_SECONDS_MAX, PAYMENT_DEADLINE_SECONDS_MIN},
    rate::PER_SECOND_MAX,
    timestamp::Timestamp,
};

/// A text of a pattern.
pub(in crate::domain) fn pattern(pattern: impl Into<String>, description: impl Into<String>) -> RefOr<Schema> {
    string().pattern(Some(pattern)).description(Some(description)).into()
}

/// One of these texts; each comes with what it means.
pub(crate) fn enumeration(description: &str, values: &[(&str, &str)]) -> RefOr<Schema> {
    let meanings = values.iter().map(|(text, meaning)| format!("\n- `{text}`: {meaning}"));
    let description = meanings.fold(format!("{}\n", description.trim()), |text, line| text + &line);
    string().enum_values(Some(values.iter().map(|(text, _)| *text))).description(Some(description)).into()
}

/// A text of one to `max` characters, none of them a control character.
fn text(max: usize, description: &str) -> RefOr<Schema> {
    string()
        .min_length(Some(1))
        .max_length(Some(max))
        .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
        .description(Some(description))
        .into()
}

fn integer(minimum: i64, maximum: i64, description: &str) -> RefOr<Schema> {
    let number = |value| Number::Int(isize::try_from(value).unwrap_or(isize::MAX));
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(number(minimum)))
        .maximum(Some(number(maximum)))
        .description(Some(description))
        .into()
}

fn string() -> ObjectBuilder {
    Object::builder().schema_type(SchemaType::Type(Type::String))
}

/// Types that exist in the contract only.
macro_rules! described {
    ($($(#[doc = $doc:literal])+ $name:ident = $schema:expr;)*) => {$(
        $(#[doc = $doc])+
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema(concat!($($doc),+).trim())
            }
        }

        impl ToSchema for $name {}
    )*};
}

described! {
    /// The caller's article number: 1 to 64 characters, none of them a control character.
    Sku = |about| text(SKU_MAX, about);
    /// The caller's own name for something: 1 to 128 characters, none of them a control character.
    Reference = |about| text(REFERENCE_MAX, about);
    /// One line of text: 1 to 255 characters, none of them a control character.
    Text = |about| text(TEXT_MAX, about);
    /// A payment service's token of the customer's means: sealed at rest, erased once sent, never shown.
    PaymentToken = |about| text(TOKEN_MAX, about);
    /// How the payment service calls a method of payment: `card`.
    PaymentMethod = |about| text(METHOD_MAX, about);
    /// A current ISO 4217 code.
    CurrencyCode = |about| pattern("^[A-Z]{3}$", about);
    /// An ISO 3166-1 alpha-2 code.
    CountryCode = |about| pattern("^[A-Z]{2}$", about);
    /// A number for people, in decimal digits; unique per tenant, with gaps.
    OrderNumber = |about| pattern("^[0-9]{1,20}$", about);
    /// Minor units of the order's currency: `990` is EUR 9.90.
    NonNegativeAmount = |about| integer(0, Amount::MAX.minor_units(), about);
    /// Minor units of the order's currency, at least one.
    PositiveAmount = |about| integer(1, Amount::MAX.minor_units(), about);
    /// Why a caller does something, for programs: `customer_request`.
    ReasonCode = |about| pattern(format!("^[a-z0-9_]{{1,{REASON_MAX}}}$"), about);
    /// What people call a tenant or a key: 1 to 200 characters, none of them a control character.
    Name = |about| text(NAME_MAX, about);
    /// How long an unpaid order waits before it expires.
    PaymentDeadlineSeconds = |about| {
        integer(i64::from(PAYMENT_DEADLINE_SECONDS_MIN), i64::from(PAYMENT_DEADLINE_SECONDS_MAX), about)
    };
    /// Requests a second, and as many at once.
    PerSecond = |about| integer(1, i64::from(PER_SECOND_MAX), about);
    /// Lines that an order may have.
    LinesMax = |about| integer(1, i64::try_from(LINES_MAX).unwrap_or(i64::MAX), about);
    /// How long a rotated key goes on beside its successor; one day unless told otherwise.
    OverlapSeconds = |about| integer(0, i64::from(OVERLAP_SECONDS_MAX), about);
    /// Dead letters that are tried again in one second.
    LetterRate = |about| integer(1, i64::from(RATE_MAX), about);
    /// Why a letter is dead: a sentence without a value of its message.
    LetterReason = |about| text(LETTER_REASON_MAX, about);
    /// A reservation of stock: its order, a colon and its attempt, from 1.
    ReservationId = |about| pattern("^ord_[0-9a-f]{32}:[0-9]{1,10}$", about);
    /// Units of a line.
    Quantity = |about| integer(1, i64::from(QUANTITY_MAX), about);
    /// The caller's own members, public: at most 50 of them and 16 KiB as JSON.
    Metadata = metadata;
}

fn metadata(description: &str) -> RefOr<Schema> {
    // JSON Schema cannot count bytes; the sentence does.
    debug_assert_eq!(METADATA_BYTES_MAX, 16 * 1024);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .max_properties(Some(METADATA_KEYS_MAX))
        .description(Some(description))
        .into()
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        integer(-Self::MAX.minor_units(), Self::MAX.minor_units(), "Minor units of the order's currency; negative only as a balance.")
    }
}

impl ToSchema for Amount {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let about = "A moment (RFC 3339). Answers have UTC with six decimals: `2026-11-22T10:00:00.123456Z`.";
        string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).description(Some(about)).into()
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for KeyId {
    fn schema() -> RefOr<Schema> {
        pattern("^key_[0-9a-f]{32}_[0-9a-f]{32}$", "An API key; it names its tenant, then itself.")
    }
}

impl ToSchema for KeyId {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::request::{OrderRequest, TENDERS_MAX};

    #[test]
    fn the_two_lengths_that_are_written_twice_are_the_same() {
        let schema = serde_json::to_value(OrderRequest::schema()).unwrap();
        assert_eq!(schema["properties"]["lines"]["maxItems"], LINES_MAX);
        assert_eq!(schema["properties"]["payments"]["maxItems"], TENDERS_MAX);
    }

    #[test]
    fn bounds_are_the_parsers_own() {
        let amount = serde_json::to_value(NonNegativeAmount::schema()).unwrap();
        assert_eq!((&amount["minimum"], &amount["maximum"]), (&0.into(), &9_007_199_254_740_991_i64.into()));
        let sku = serde_json::to_value(Sku::schema()).unwrap();
        assert_eq!((&sku["minLength"], &sku["maxLength"]), (&1.into(), &SKU_MAX.into()));
        assert_eq!(serde_json::to_value(Quantity::schema()).unwrap()["maximum"], QUANTITY_MAX);
    }
}
