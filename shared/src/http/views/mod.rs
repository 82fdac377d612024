//! How things look on the wire. A view borrows from the domain and holds no rule.

mod history;
mod order;

pub use self::{
    history::HistoryEntryView,
    order::{Expand, OrderSummaryView, OrderView, PaymentView, changed, payment_added, placed},
};
