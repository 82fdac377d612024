//! The books of an order: every transaction of its ledger beside the balances that the order shows, and whether they agree.

use uuid::Uuid;

use super::ledger::{Balances, Entry, Fact};
use crate::domain::{
    ids::{OperationId, OrderId},
    money::{Amount, Currency},
    timestamp::Timestamp,
};

/// A transaction as it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedTransaction {
    /// Its id.
    pub id: Uuid,
    /// Why it was posted.
    pub fact: Fact,
    /// The operation that moved the money, if one did.
    pub operation: Option<OperationId>,
    /// Its sides.
    pub entries: Vec<Entry>,
    /// When.
    pub at: Timestamp,
}

/// The books of one order at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    /// Whose books.
    pub order: OrderId,
    /// The order's version that they belong to.
    pub version: u64,
    /// Currency of every amount.
    pub currency: Currency,
    /// What the order shows.
    pub balances: Balances,
    /// What was posted, oldest first.
    pub transactions: Vec<PostedTransaction>,
}

impl Books {
    /// Whether every transaction sums to zero and all of them together come to the balances.
    pub fn agree(&self) -> bool {
        self.are_balanced() && self.come_to_balances()
    }

    /// Whether every transaction sums to zero.
    pub fn are_balanced(&self) -> bool {
        let sum = |transaction: &PostedTransaction| Amount::sum(transaction.entries.iter().map(|entry| entry.amount));
        self.transactions.iter().all(|transaction| sum(transaction).is_ok_and(|sum| sum.is_zero()))
    }

    /// Whether all transactions together come to the balances.
    pub fn come_to_balances(&self) -> bool {
        let posted = self.transactions.iter().try_fold(Balances::default(), |balances, transaction| balances.post(&transaction.entries));
        posted == Ok(self.balances)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ledger::entries, *};

    fn amount(minor_units: i64) -> Amount {
        Amount::new(minor_units).unwrap()
    }

    fn books(facts: &[Fact]) -> Books {
        let post = |(index, fact): (usize, &Fact)| PostedTransaction {
            id: Uuid::from_u128(index as u128),
            fact: *fact,
            operation: None,
            entries: entries(*fact, amount(100), Amount::ZERO),
            at: Timestamp::from_microsecond(0),
        };
        let transactions: Vec<_> = facts.iter().enumerate().map(post).collect();
        let balances = transactions.iter().fold(Balances::default(), |balances, posted| balances.post(&posted.entries).unwrap());
        Books { order: OrderId::new(Uuid::nil()), version: 1, currency: "EUR".parse().unwrap(), balances, transactions }
    }

    #[test]
    fn books_agree_with_what_was_posted() {
        assert!(books(&[Fact::Placed, Fact::Captured, Fact::RefundRequested, Fact::RefundSucceeded]).agree());
        assert!(books(&[]).agree());
    }

    #[test]
    fn a_lost_a_foreign_and_a_lopsided_posting_are_noticed() {
        let whole = books(&[Fact::Placed, Fact::Captured]);
        let mut lost = whole.clone();
        lost.transactions.pop();
        let mut foreign = whole.clone();
        foreign.transactions.push(whole.transactions[0].clone());
        let mut lopsided = whole.clone();
        lopsided.transactions[0].entries[0].amount = amount(99);
        lopsided.balances = lopsided.transactions.iter().fold(Balances::default(), |sum, posted| sum.post(&posted.entries).unwrap());
        for (what, books) in [("lost", lost), ("foreign", foreign), ("lopsided", lopsided)] {
            assert!(!books.agree(), "{what}");
        }
    }
}
