//! Cancelling a whole order before it is confirmed: what is held is let go, what was taken goes back, and only when both are
//! confirmed by answers is the order `cancelled`.

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    actions::Action,
    draft::{Draft, Refusal},
    status::{OrderStatus, StockStatus},
    transitions::Trigger,
};
use crate::domain::{
    messages::MessageType,
    money::{Amount, Overflow},
    payments::ledger::Fact,
    schema::ReasonCode,
};

/// Characters of a reason at most.
pub const REASON_MAX: usize = 64;

/// Why a caller cancels: a code, not prose, because history keeps it for ever and must hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CancelReason(String);

impl TryFrom<String> for CancelReason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=REASON_MAX).contains(&text.len()) && text.bytes().all(is_code) {
            Ok(Self(text))
        } else {
            Err(format!("a reason is a code of 1 to {REASON_MAX} characters a-z, 0-9 and _, such as customer_request"))
        }
    }
}

/// The body of `POST /v1/orders/{order_id}/cancel`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// Why: a code, not prose.
    #[schema(value_type = Option<ReasonCode>)]
    pub reason: Option<CancelReason>,
}

impl Draft<'_> {
    /// Cancels the order. One that is cancelled, or on its way to be, stays as it is.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Overflow`].
    pub fn cancel(&mut self, reason: Option<CancelReason>) -> Result<(), Refusal> {
        if matches!(self.order.status, OrderStatus::Cancelling | OrderStatus::Cancelled) {
            return Ok(());
        }
        self.guard(Action::Cancel)?;
        self.post(Fact::Cancelled, self.order.balances.due(), Amount::ZERO, None)?;
        let reason = reason.map(|CancelReason(code)| code);
        self.take(Trigger::Cancel, reason.clone())?;
        self.clear_payment_deadline();
        self.publish(MessageType::OrderCancellationRequested, json!({ "reason": reason }))?;
        self.let_stock_go();
        self.reverse_payments()?;
        self.advance()
    }

    /// No live authorization, net paid 0, no reservation, and nothing on its way that could change this.
    pub(super) fn is_undone(&self) -> Result<bool, Overflow> {
        let balances = &self.order.balances;
        let mut operations = self.order.payments.iter().flat_map(|payment| &payment.operations);
        let stock_is_free =
            matches!(self.order.stock.status, StockStatus::Off | StockStatus::Rejected | StockStatus::Expired | StockStatus::Released);
        Ok(stock_is_free
            && balances.authorized().is_zero()
            && balances.captured().minus(balances.refunded())?.is_zero()
            && !operations.any(|operation| operation.state.is_open()))
    }

    pub(super) fn settle_cancellation(&mut self) -> Result<(), Refusal> {
        for line in &mut self.order.lines {
            line.quantities.cancelled = line.quantities.ordered - line.quantities.fulfilled;
        }
        self.take(Trigger::CancelSettled, None)?;
        self.publish(MessageType::OrderCancelled, Value::Null)?;
        Ok(())
    }
}
