//! The books of an order as callers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    ids::{OperationId, OrderId},
    money::Amount,
    payments::{
        books::{Books, PostedTransaction},
        ledger::{Account, Entry, Fact},
    },
    schema::CurrencyCode,
    timestamp::Timestamp,
};

/// Double entry: + debit, − credit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ledger)]
pub struct LedgerView<'a> {
    order_id: OrderId,
    /// The order's version that the books belong to.
    version: u64,
    #[schema(value_type = CurrencyCode)]
    currency: &'a str,
    /// Whether every transaction sums to zero and all together come to the balances, computed for this answer.
    verified: bool,
    /// What the order shows, account by account.
    balances: Vec<EntryView>,
    /// What was posted, oldest first.
    transactions: Vec<TransactionView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerTransaction)]
struct TransactionView {
    fact: Fact,
    /// The operation that moved the money, if one did.
    #[schema(required)]
    operation_id: Option<OperationId>,
    entries: Vec<EntryView>,
    at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
struct EntryView {
    account: Account,
    amount: Amount,
}

impl<'a> LedgerView<'a> {
    /// Shows the books.
    pub fn new(books: &'a Books) -> Self {
        let balance = |account: &Account| EntryView { account: *account, amount: books.balances.of(*account) };
        Self {
            order_id: books.order,
            version: books.version,
            currency: books.currency.code(),
            verified: books.agree(),
            balances: Account::ALL.iter().map(balance).collect(),
            transactions: books.transactions.iter().map(TransactionView::new).collect(),
        }
    }
}

impl TransactionView {
    fn new(transaction: &PostedTransaction) -> Self {
        let entry = |entry: &Entry| EntryView { account: entry.account, amount: entry.amount };
        Self {
            fact: transaction.fact,
            operation_id: transaction.operation,
            entries: transaction.entries.iter().map(entry).collect(),
            at: transaction.at,
        }
    }
}
