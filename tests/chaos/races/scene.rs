//! Where an order stands when a race for it begins.

use serde_json::{Value, json};
use tests::sample;
use uuid::Uuid;

use super::{
    course::{Course, Operation},
    racer::Racer::{self, Cancel, CapturePart, CaptureRest, Deadline, Failure, RefundLine, RefundPart, RefundRest, Success, Void, Webhook},
};

/// What every order comes to, in minor units.
const TOTAL: i64 = 1_000;
/// A tender that leaves its order waiting for another.
const SHORT: i64 = 600;

/// Where an order stands. Nothing of it is shipped, so a cancellation lets all of it go at once, and it is completed when it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scene {
    /// Its authorization is at the partner.
    Authorizing,
    /// Less than is due is set aside: it waits for the rest.
    PartlyAuthorized,
    /// All is set aside.
    Authorized,
    /// All is set aside, and the capture of a part is at the partner.
    Capturing,
    /// A part is taken, the rest set aside.
    PartlyCaptured,
    /// All is taken.
    Captured,
    /// All is taken, and the refund of a part is at the partner.
    Refunding,
}

/// An order that stands there.
#[derive(Debug)]
pub struct Order {
    /// `ord_…`.
    pub id: String,
    /// Its only tender.
    pub payment_id: String,
    /// A line of two units, half of what the order is worth.
    pub line_id: String,
    /// What the partner has not decided yet.
    pub at_partner: Option<Operation>,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Authorizing,
        Self::PartlyAuthorized,
        Self::Authorized,
        Self::Capturing,
        Self::PartlyCaptured,
        Self::Captured,
        Self::Refunding,
    ];

    /// Who races for such an order: whoever may win. What is refused there whatever else happens is no race, and there is news only of what
    /// is at the partner.
    pub const fn racers(self) -> &'static [Racer] {
        match self {
            Self::Authorizing => &[CaptureRest, CapturePart, Cancel, Void, Success, Webhook, Failure, Deadline],
            Self::PartlyAuthorized => &[CaptureRest, CapturePart, Cancel, Void, Deadline],
            Self::Authorized => &[CaptureRest, CapturePart, Cancel, Void],
            Self::Capturing => &[CaptureRest, CapturePart, RefundRest, RefundPart, RefundLine, Cancel, Success, Webhook, Failure],
            Self::PartlyCaptured => &[CaptureRest, CapturePart, RefundRest, RefundPart, RefundLine, Cancel],
            Self::Captured => &[RefundRest, RefundPart, RefundLine, Cancel],
            Self::Refunding => &[RefundRest, RefundPart, RefundLine, Success, Webhook, Failure],
        }
    }

    /// A new order that stands there.
    pub async fn prepare(self, course: &Course) -> Order {
        let placed = course.caller.place(&self.placed()).await;
        let id = placed["id"].as_str().unwrap().to_owned();
        let first = course.books(&id).await.open.remove(0);
        let line_id = placed["lines"][0]["id"].as_str().unwrap().to_owned();
        let mut order = Order { id, payment_id: first.payment_id.clone(), line_id, at_partner: None };
        if self == Self::Authorizing {
            course.send(&order.id, &first.payment_id, &first.id).await;
            order.at_partner = Some(first);
            return order;
        }
        course.complete(&order.id, &first).await;
        let request = match self {
            Self::Capturing | Self::PartlyCaptured => Some(CapturePart),
            Self::Refunding => Some(RefundPart),
            Self::Authorizing | Self::PartlyAuthorized | Self::Authorized | Self::Captured => None,
        };
        if let Some(request) = request {
            assert_eq!(request.run(course, &order, &Uuid::new_v4().to_string()).await, "202", "{self:?}");
        }
        if self == Self::PartlyCaptured {
            course.settle(&order.id).await;
        } else if request.is_some() {
            order.at_partner = course.books(&order.id).await.open.pop();
        }
        order
    }

    /// The body that places it.
    fn placed(self) -> Value {
        let (amount, capture) = match self {
            Self::PartlyAuthorized => (SHORT, "manual"),
            Self::Authorizing | Self::Authorized | Self::Capturing | Self::PartlyCaptured => (TOTAL, "manual"),
            Self::Captured | Self::Refunding => (TOTAL, "automatic"),
        };
        let book = |sku: &str, quantity: i64| json!({ "sku": sku, "name": "On tea", "quantity": quantity, "unit_price": TOTAL / 2 / quantity, "requires_shipping": false });
        sample::with(|order| {
            order["lines"] = json!([book("EBOOK-1", 2), book("EBOOK-2", 1)]);
            order["shipping"] = 0.into();
            order["expected_total"] = TOTAL.into();
            // The partner decides nothing of this payment until it is told to.
            order["payments"] = json!([{ "method": "card", "token": "tok_late", "amount": amount, "capture": capture }]);
        })
    }
}
