//! Whether a stored order is what its books, its history and its own rules make of it. Nothing is mended here: what is found is for a
//! person.

use std::collections::BTreeSet;

use super::{Order, line::Line};
use crate::domain::{
    fulfilment::{FulfillmentStage, fulfillment_status},
    money::{Amount, Overflow},
    payments::{Capture, OperationKind, Payment, books::Books, status::payment_status},
    text_enum::text_enum,
};

text_enum! {
    /// What is wrong with a stored order.
    Discrepancy {
        /// Another order of the tenant was made by the same creation key.
        CreateKeyTwice = "create_key_twice",
        /// Its history has not one row for each version.
        HistoryGap = "history_gap",
        /// A version of it was announced to nobody.
        MessageMissing = "message_missing",
        /// A transaction of its ledger does not sum to zero.
        UnbalancedTransaction = "unbalanced_transaction",
        /// Its balances are not the sums of its ledger.
        BalancesDiffer = "balances_differ",
        /// A tender takes more than it may.
        OverCaptured = "over_captured",
        /// More goes back than was taken.
        OverRefunded = "over_refunded",
        /// Its payment status is not what its ledger says.
        PaymentStatusDiffers = "payment_status_differs",
        /// Its fulfilment status is not what its quantities say.
        FulfillmentStatusDiffers = "fulfillment_status_differs",
        /// The counters of a line are not the sums of its fulfilments.
        QuantitiesDiffer = "quantities_differ",
        /// It has ended and still holds stock.
        StockHeld = "stock_held",
        /// It cannot be read at all.
        Unreadable = "unreadable",
    }
}

/// What an order left in other tables, beside its books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traces {
    /// The version that all of this belongs to.
    pub version: u64,
    /// Rows of its history.
    pub history_rows: u64,
    /// The lowest version among them.
    pub history_first: u64,
    /// The highest version among them.
    pub history_last: u64,
    /// Versions whose moment left no message of this order, among those whose messages must still be there.
    pub silent_versions: u64,
    /// Orders of the tenant with its creation key.
    pub orders_of_key: u64,
}

impl Traces {
    /// What is wrong with them.
    pub fn discrepancies(&self) -> BTreeSet<Discrepancy> {
        let dense = (self.history_rows, self.history_first, self.history_last) == (self.version, 1, self.version);
        let found = [
            (self.orders_of_key > 1, Discrepancy::CreateKeyTwice),
            (!dense, Discrepancy::HistoryGap),
            (self.silent_versions > 0, Discrepancy::MessageMissing),
        ];
        found.into_iter().filter_map(|(is_wrong, discrepancy)| is_wrong.then_some(discrepancy)).collect()
    }
}

impl Order {
    /// What is wrong with this order, given its books at the same version.
    pub fn discrepancies(&self, books: &Books) -> BTreeSet<Discrepancy> {
        // A sum that leaves the range of money cannot be right.
        let over = |exceeds: fn(&Payment) -> Result<bool, Overflow>| self.payments.iter().any(|tender| exceeds(tender).unwrap_or(true));
        let found = [
            (!books.are_balanced(), Discrepancy::UnbalancedTransaction),
            (!books.come_to_balances() || books.balances != self.balances, Discrepancy::BalancesDiffer),
            (over(Payment::takes_too_much), Discrepancy::OverCaptured),
            (over(Payment::gives_too_much), Discrepancy::OverRefunded),
            (payment_status(&self.balances, &self.payments) != self.payment_status, Discrepancy::PaymentStatusDiffers),
            (fulfillment_status(&self.lines) != self.fulfillment_status, Discrepancy::FulfillmentStatusDiffers),
            (!self.lines.iter().all(|line| self.is_counted(line)), Discrepancy::QuantitiesDiffer),
        ];
        found.into_iter().filter_map(|(is_wrong, discrepancy)| is_wrong.then_some(discrepancy)).collect()
    }

    /// Whether a line's counters are the sums of its fulfilments. Of units whose delivery failed nobody knows any more whether they were
    /// on their way.
    fn is_counted(&self, line: &Line) -> bool {
        let units = |counts: fn(FulfillmentStage) -> bool| -> u64 {
            let fulfilments = self.fulfillments.iter().filter(|fulfilment| counts(fulfilment.stage));
            fulfilments
                .flat_map(|fulfilment| &fulfilment.lines)
                .filter(|part| part.line == line.id)
                .map(|part| u64::from(part.quantity))
                .sum()
        };
        let fulfilled = units(|stage| stage != FulfillmentStage::Cancelled);
        let shipped = units(|stage| matches!(stage, FulfillmentStage::Shipped | FulfillmentStage::Delivered));
        let lost = units(|stage| stage == FulfillmentStage::DeliveryFailed);
        let delivered = units(|stage| stage == FulfillmentStage::Delivered);
        let counted = line.quantities;
        (u64::from(counted.fulfilled), u64::from(counted.delivered)) == (fulfilled, delivered)
            && (shipped..=shipped + lost).contains(&u64::from(counted.shipped))
    }
}

impl Payment {
    /// Money that was taken beyond the tender, or of a manual one beyond what was ever authorized.
    fn takes_too_much(&self) -> Result<bool, Overflow> {
        let moved = |kind| {
            Amount::sum(self.operations.iter().filter(|operation| operation.kind == kind).filter_map(|operation| operation.settled_amount))
        };
        let unauthorized = self.capture == Capture::Manual && moved(OperationKind::Capture)? > moved(OperationKind::Authorize)?;
        Ok(!self.is_contested() && (unauthorized || self.captured()? > self.amount))
    }

    /// Refunds beyond what was taken.
    fn gives_too_much(&self) -> Result<bool, Overflow> {
        Ok(!self.is_contested() && self.exceeds(OperationKind::Refund)?)
    }

    /// The payment service says that it moved something else than it was asked for: a person knows already.
    fn is_contested(&self) -> bool {
        self.operations.iter().any(|operation| operation.conflicted)
    }
}
