//! How large a message may become. Nobody takes an event of more than 64 KiB, our own consumers included, so an order whose messages
//! could outgrow that is refused when it is placed: later there is nobody left to refuse it to.

use std::io;

use super::{Content, ShippingRequest, Shortage, Shortages, StockCommand, Units};
use crate::domain::{
    ids::{FulfillmentId, OrderId},
    invalid::FieldErrors,
    order::{contact::Address, line::Line},
};

/// The largest event that is published or taken, in bytes of structured mode (CloudEvents §"Size Limits").
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// What the attributes of an event and the snapshot of its order take at most; the test below measures them.
pub const ENVELOPE_BYTES_MAX: usize = 4 * 1024;
/// What is left for the data that a message has of its own; an order that could need more is a 422.
pub const OWN_DATA_BYTES_MAX: usize = EVENT_BYTES_MAX - ENVELOPE_BYTES_MAX;

/// The bytes of a message's own data.
pub fn own_data_bytes(content: &Content) -> usize {
    let mut counted = Counted(0);
    // A struct of texts and numbers always serialises, and counting cannot fail.
    let _ = serde_json::to_writer(&mut counted, content);
    counted.0
}

/// Notes an error unless the largest message that an order of these lines can ever need may be published. Units only become fewer
/// and the address stays, so what holds at the beginning holds for ever.
pub fn check(lines: &[Line], address: Option<&Address>, errors: &mut FieldErrors) {
    let largest = largest_contents(lines, address).iter().map(own_data_bytes).max().unwrap_or_default();
    errors.require(
        largest <= OWN_DATA_BYTES_MAX,
        "/lines",
        "messages_too_large",
        format_args!(
            "the largest message to a partner would carry {largest} bytes of lines and address, at most {OWN_DATA_BYTES_MAX} fit; \
             use fewer lines or shorter article numbers"
        ),
    );
}

/// One of each kind of message that grows with its order, each with every line of it.
fn largest_contents(lines: &[Line], address: Option<&Address>) -> [Content; 3] {
    let (fulfillment_id, order_id) = (FulfillmentId::new(uuid::Uuid::nil()), OrderId::new(uuid::Uuid::nil()));
    let units: Vec<Units> = lines.iter().map(Line::units).collect();
    let shortages = units.iter().map(|units| Shortage { sku: units.sku.clone(), available: units.quantity }).collect();
    // The attempt of a reservation has as many digits as any number of its type.
    let reservation_id = format!("{order_id}:{}", u32::MAX);
    [
        Content::InventoryReserve(StockCommand { reservation_id, order_id, lines: units.clone() }),
        Content::ShippingRequest(ShippingRequest { fulfillment_id, order_id, lines: units, address: address.cloned() }),
        Content::OrderRejected(Shortages { lines: shortages }),
    ]
}

/// Counts what is written and keeps nothing.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{
        ids::{NewIds, TenantId},
        invalid::FieldError,
        messages::MessageType,
        order::{
            place::{Placement, place},
            request::{NewOrder, OrderRequest},
        },
        policy::TenantPolicy,
        timestamp::Timestamp,
    };

    struct SameIds;

    impl NewIds for SameIds {
        fn next_uuid(&mut self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
    }

    fn request(lines: usize, sku: &str, quantity: u32) -> OrderRequest {
        let address = json!({ "name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT" });
        let line =
            |index: usize| json!({ "sku": format!("{sku}{index:04}"), "name": "x".repeat(255), "quantity": quantity, "unit_price": 1 });
        let lines: Vec<Value> = (0..lines).map(line).collect();
        serde_json::from_value(json!({ "currency": "EUR", "lines": lines, "shipping_address": address })).unwrap()
    }

    /// The largest data of its own that any message of this order has, once it is placed.
    fn largest(request: OrderRequest) -> Result<usize, Vec<FieldError>> {
        let (now, policy) = (Timestamp::from_microsecond(0), TenantPolicy::default());
        let mut ids = SameIds;
        let new = NewOrder::parse(request, &policy, &mut ids)?;
        let placement = Placement { tenant: TenantId::new(uuid::Uuid::nil()), number: 1, policy: &policy, now };
        let (_, changes) = place(new, &placement, &mut ids).unwrap().finish();
        assert!(changes.messages.iter().any(|message| message.kind() == MessageType::InventoryReserve));
        Ok(changes.messages.iter().map(|message| own_data_bytes(&message.content)).max().unwrap())
    }

    #[test]
    fn a_thousand_lines_of_ordinary_articles_can_be_told() {
        let bytes = largest(request(1_000, "TEA-", 2)).unwrap();
        assert!((32_000..OWN_DATA_BYTES_MAX).contains(&bytes), "{bytes}");
        // As long as a GTIN with a colour and a size.
        largest(request(1_000, "04012345678901-BLUE-XL-", 99)).unwrap();
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_both_numbers() {
        let errors = largest(request(1_000, &"x".repeat(60), 1)).unwrap_err();
        let [FieldError { pointer, code, message }] = errors.as_slice() else { panic!("{errors:?}") };
        assert_eq!((pointer.as_str(), *code), ("/lines", "messages_too_large"));
        assert!(message.contains("would carry 89") && message.contains("at most 61440 fit"), "{message}");
        largest(request(600, &"x".repeat(60), 1)).unwrap();
    }

    proptest! {
        /// Whatever characters an article number has, what is accepted is small enough.
        #[test]
        fn what_is_accepted_fits(lines in 1_usize..=1_000, sku in "\\PC{1,60}", quantity in 1_u32..=1_000_000) {
            if let Ok(bytes) = largest(request(lines, &sku, quantity)) {
                prop_assert!(bytes <= OWN_DATA_BYTES_MAX, "{}", bytes);
            }
        }
    }
}
