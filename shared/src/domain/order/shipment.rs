//! What the shipping partner reports, and what an order makes of it.

use super::{
    draft::{Draft, Refusal},
    status::OrderStatus,
    transitions::Trigger,
};
use crate::domain::{
    fulfilment::{Fulfillment, FulfillmentLine, FulfillmentStage, Tracking},
    ids::FulfillmentId,
    messages::{AttentionReason, AttentionRequired, Content, FulfillmentNews, FulfillmentTold, Lost, ShippingRequest},
};

impl Draft<'_> {
    /// Applies news of a fulfilment. Stages only go forward: a late lower one, or a repeated one, changes nothing.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`] when this order has no such fulfilment; [`Refusal::Contradiction`] when its tracking is too long.
    pub fn shipment_reported(&mut self, id: FulfillmentId, stage: FulfillmentStage, tracking: Option<Tracking>) -> Result<(), Refusal> {
        if tracking.as_ref().is_some_and(|tracking| !tracking.fits()) {
            return Err(Refusal::Contradiction("the tracking has a text that no event could repeat".to_owned()));
        }
        let now = self.now;
        let fulfillment =
            self.order.fulfillments.iter_mut().find(|fulfillment| fulfillment.id == id).ok_or(Refusal::NotYetKnown("fulfillment"))?;
        if !fulfillment.stage.may_become(stage) {
            return Ok(());
        }
        let before = std::mem::replace(&mut fulfillment.stage, stage);
        let called_back = stage == FulfillmentStage::Cancelled && std::mem::take(&mut fulfillment.cancel_requested);
        fulfillment.tracking = tracking.or(fulfillment.tracking.take());
        fulfillment.updated_at = now;
        let after = fulfillment.clone();
        self.changes.fulfillments.insert(id);
        self.move_units(&after, before);
        let stopped = self.is_unwinding();
        if stopped {
            self.take_back_sale()?;
        }
        let Some((action, event)) = announcement(stage) else { return Ok(()) };
        self.record(action, None);
        self.publish(event(fulfillment_news(&after)))?;
        if stopped {
            self.let_go()?;
        } else {
            self.follow_stage(&after, called_back)?;
        }
        self.advance()
    }

    /// What news of a fulfilment asks for while the order goes on, or is cancelled with goods still out.
    fn follow_stage(&mut self, fulfillment: &Fulfillment, called_back: bool) -> Result<(), Refusal> {
        match (self.order.status, fulfillment.stage) {
            (OrderStatus::Cancelling, stage) if stage >= FulfillmentStage::Shipped && stage != FulfillmentStage::Cancelled => {
                self.overtaken()
            }
            (OrderStatus::Cancelling, _) => Ok(()),
            // An overtaken cancellation goes on for what did not leave.
            (_, FulfillmentStage::Cancelled) if called_back => self.cancel_units(&fulfillment.lines),
            (_, FulfillmentStage::Cancelled) => self.miss_goods(fulfillment.id, Lost::FulfillmentCancelled),
            (_, FulfillmentStage::DeliveryFailed) => self.miss_goods(fulfillment.id, Lost::FulfillmentDeliveryFailed),
            (OrderStatus::Confirmed, _) => {
                self.take(Trigger::FulfillmentAccepted, None)?;
                Ok(self.publish(Content::OrderProcessing)?)
            }
            _ => Ok(()),
        }
    }

    /// Goods that nobody called back will not arrive: a matter for a person.
    fn miss_goods(&mut self, id: FulfillmentId, lost: Lost) -> Result<(), Refusal> {
        let reason = AttentionReason::Goods(lost);
        let attention = AttentionRequired { reason, payment_id: None, operation_id: None, fulfillment_id: Some(id) };
        Ok(self.publish(Content::OrderAttentionRequired(attention))?)
    }

    /// The shipping partner will not stop a fulfilment: its goods have left or are about to.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`] when this order has no such fulfilment.
    pub fn shipment_cancellation_rejected(&mut self, id: FulfillmentId) -> Result<(), Refusal> {
        let mut fulfillments = self.order.fulfillments.iter_mut();
        let fulfillment = fulfillments.find(|fulfillment| fulfillment.id == id).ok_or(Refusal::NotYetKnown("fulfillment"))?;
        if !std::mem::take(&mut fulfillment.cancel_requested) {
            return Ok(());
        }
        self.changes.fulfillments.insert(id);
        self.changes.internal = true;
        if self.order.status == OrderStatus::Cancelling {
            self.overtaken()?;
        }
        self.advance()
    }

    /// Asks a shipping partner for every unit that needs one and has none.
    pub(super) fn request_fulfillment(&mut self) {
        let open = |line: &super::line::Line| line.quantities.ordered - line.quantities.cancelled - line.quantities.fulfilled;
        let lines: Vec<FulfillmentLine> = (self.order.lines.iter())
            .filter(|line| line.requires_shipping && open(line) > 0)
            .map(|line| FulfillmentLine { line: line.id, quantity: open(line) })
            .collect();
        if lines.is_empty() {
            return;
        }
        let id = FulfillmentId::new(self.next_uuid());
        let units = self.order.units(&lines);
        for line in &mut self.order.lines {
            line.quantities.fulfilled += lines.iter().find(|part| part.line == line.id).map_or(0, |part| part.quantity);
        }
        let fulfillment = Fulfillment {
            id,
            stage: FulfillmentStage::Requested,
            tracking: None,
            cancel_requested: false,
            lines,
            created_at: self.now,
            updated_at: self.now,
        };
        self.order.fulfillments.push(fulfillment);
        self.changes.fulfillments.insert(id);
        let address = self.order.contact.shipping_address.clone();
        let request = ShippingRequest { fulfillment_id: id, order_id: self.order.id, lines: units, address };
        self.command(Content::ShippingRequest(request));
    }

    /// Moves the units of a fulfilment through the counters of their lines, stages that were skipped included.
    fn move_units(&mut self, fulfillment: &Fulfillment, before: FulfillmentStage) {
        let after = fulfillment.stage;
        let reached = |stage: FulfillmentStage| after.is_live() && before < stage && after >= stage;
        for part in &fulfillment.lines {
            let Some(line) = self.order.lines.iter_mut().find(|line| line.id == part.line) else { continue };
            if reached(FulfillmentStage::Shipped) {
                line.quantities.shipped += part.quantity;
            }
            if reached(FulfillmentStage::Delivered) {
                line.quantities.delivered += part.quantity;
            }
            if after == FulfillmentStage::Cancelled {
                line.quantities.fulfilled -= part.quantity;
            }
        }
    }
}

/// A history action, and the event that tells of it.
type Announcement = (&'static str, fn(FulfillmentNews) -> Content);

/// How a stage that a partner reports is announced.
const fn announcement(stage: FulfillmentStage) -> Option<Announcement> {
    match stage {
        FulfillmentStage::Requested => None,
        FulfillmentStage::Accepted => Some(("fulfillment_accepted", Content::OrderFulfillmentAccepted)),
        FulfillmentStage::Packed => Some(("fulfillment_packed", Content::OrderFulfillmentPacked)),
        FulfillmentStage::Shipped => Some(("fulfillment_shipped", Content::OrderFulfillmentShipped)),
        FulfillmentStage::Delivered => Some(("fulfillment_delivered", Content::OrderFulfillmentDelivered)),
        FulfillmentStage::Cancelled => Some(("fulfillment_cancelled", Content::OrderFulfillmentCancelled)),
        FulfillmentStage::DeliveryFailed => Some(("fulfillment_delivery_failed", Content::OrderFulfillmentDeliveryFailed)),
    }
}

fn fulfillment_news(fulfillment: &Fulfillment) -> FulfillmentNews {
    let Fulfillment { id, stage, tracking, .. } = fulfillment;
    FulfillmentNews { fulfillment: FulfillmentTold { id: *id, status: *stage, tracking: tracking.clone() } }
}
