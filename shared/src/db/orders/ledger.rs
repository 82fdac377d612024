//! The JSON document that `order_ledger.sql` builds, and the books that it is.

use serde::Deserialize;
use uuid::Uuid;

use super::record::parse_currency;
use crate::{
    db::Error,
    domain::{
        ids::{OperationId, OrderId},
        money::Amount,
        payments::{
            books::{Books, PostedTransaction},
            ledger::{Account, Balances, Entry, Fact},
        },
        timestamp::Timestamp,
    },
};

#[derive(Debug, Deserialize)]
pub(super) struct LedgerRecord {
    order_id: Uuid,
    version: u64,
    currency: String,
    balances: Balances,
    postings: Vec<PostingRecord>,
}

#[derive(Debug, Deserialize)]
struct PostingRecord {
    transaction_id: Uuid,
    account: Account,
    amount: Amount,
    fact: Fact,
    operation_id: Option<Uuid>,
    at: Timestamp,
}

impl LedgerRecord {
    /// The books that are stored: postings of one transaction come one after the other.
    ///
    /// # Errors
    /// [`Error::Unexpected`] when the currency is none that we know.
    pub(super) fn into_books(self) -> Result<Books, Error> {
        let mut transactions: Vec<PostedTransaction> = Vec::new();
        for posting in self.postings {
            let entry = Entry { account: posting.account, amount: posting.amount };
            match transactions.last_mut() {
                Some(last) if last.id == posting.transaction_id => last.entries.push(entry),
                _ => transactions.push(PostedTransaction {
                    id: posting.transaction_id,
                    fact: posting.fact,
                    operation: posting.operation_id.map(OperationId::new),
                    entries: vec![entry],
                    at: posting.at,
                }),
            }
        }
        let currency = parse_currency(&self.currency)?;
        Ok(Books { order: OrderId::new(self.order_id), version: self.version, currency, balances: self.balances, transactions })
    }
}
