//! How things look on the wire. A view borrows from the domain and holds no rule.

mod api_key;
mod history;
mod ledger;
mod order;
mod tenant;

pub use self::{
    api_key::{ApiKeyView, RotatedKeyView, SecretKeyView, created_key, rotated_key},
    history::HistoryEntryView,
    ledger::LedgerView,
    order::{Expand, OrderSummaryView, OrderView, PaymentView, changed, payment_added, placed},
    tenant::{CreatedTenantView, TenantView, created_tenant},
};
