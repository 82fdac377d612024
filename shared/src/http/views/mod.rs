//! How things look on the wire. A view borrows from the domain and holds no rule.

mod api_key;
mod dead_letter;
mod export;
mod history;
mod import;
mod ledger;
mod order;
mod payment;
mod payment_operation;
mod republish;
mod session;
mod tenant;

pub use self::{
    api_key::{ApiKeyView, RotatedKeyView, SecretKeyView, created_key, rotated_key},
    dead_letter::{DeadLetterItemView, DiscardedView, ReplayedView, discarded, replayed},
    export::{ExportEndView, ExportLine},
    history::HistoryEntryView,
    import::{ImportLine, ImportedLineView},
    ledger::LedgerView,
    order::{Expand, OrderSummaryView, OrderView, changed, placed},
    payment::{OperationView, OperationsView, PaymentView, operation_resolved, operations_requested, payment_added},
    payment_operation::UnsettledOperationView,
    republish::{RepublishedView, republished},
    session::SessionView,
    tenant::{CreatedTenantView, TenantView, created_tenant},
};
