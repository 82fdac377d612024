//! Double entry per order: + debit, − credit, append-only, every transaction sums to zero.

use serde::{Deserialize, Serialize};

use crate::domain::{
    money::{Amount, Overflow},
    text_enum::text_enum,
};

text_enum! {
    /// The accounts of an order.
    Account {
        /// What the customer owes; negative: we owe.
        Receivable = "receivable",
        /// What the order is worth (credit).
        Sales = "sales",
        /// Set aside for us, not taken.
        Authorized = "authorized",
        /// The other side of `authorized`.
        AuthorizedContra = "authorized_contra",
        /// Taken, gross.
        Captured = "captured",
        /// On its way back (credit).
        RefundPending = "refund_pending",
        /// Gone back (credit).
        Refunded = "refunded",
    }
}

text_enum! {
    /// Why a transaction was posted.
    Fact {
        /// The order was placed.
        Placed = "placed",
        /// Lines were cancelled, or the whole order was.
        Cancelled = "cancelled",
        /// A refund was granted: the order is worth so much less.
        Granted = "granted",
        /// The refund of a grant did not go through: the grant is taken back.
        GrantRevoked = "grant_revoked",
        /// Money was set aside.
        Authorized = "authorized",
        /// What was set aside was let go.
        Voided = "voided",
        /// What was set aside ran out of its time.
        AuthorizationExpired = "authorization_expired",
        /// Money was taken.
        Captured = "captured",
        /// A refund was asked for.
        RefundRequested = "refund_requested",
        /// The refund went through.
        RefundSucceeded = "refund_succeeded",
        /// The refund did not.
        RefundFailed = "refund_failed",
        /// The provider brought back what had gone to the customer.
        RefundReversed = "refund_reversed",
    }
}

/// One entry of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub account: Account,
    /// How much: + debit, − credit; never zero.
    pub amount: Amount,
}

/// The entries of a fact over an amount. `released` is what a capture takes from a live authorization, zero otherwise.
pub fn entries(fact: Fact, amount: Amount, released: Amount) -> Vec<Entry> {
    use Account::{Authorized, AuthorizedContra, Captured, Receivable, RefundPending, Refunded, Sales};
    let pair = |debit, credit| [(debit, amount), (credit, amount.negated())];
    let mut sides = match fact {
        Fact::Placed => pair(Receivable, Sales),
        Fact::Cancelled | Fact::Granted => pair(Sales, Receivable),
        Fact::GrantRevoked => pair(Receivable, Sales),
        Fact::Authorized => pair(Authorized, AuthorizedContra),
        Fact::Voided | Fact::AuthorizationExpired => pair(AuthorizedContra, Authorized),
        Fact::Captured => pair(Captured, Receivable),
        Fact::RefundRequested => pair(Receivable, RefundPending),
        Fact::RefundSucceeded => pair(RefundPending, Refunded),
        Fact::RefundFailed => pair(RefundPending, Receivable),
        Fact::RefundReversed => pair(Refunded, Receivable),
    }
    .to_vec();
    sides.extend([(AuthorizedContra, released), (Authorized, released.negated())]);
    sides.into_iter().filter(|(_, amount)| !amount.is_zero()).map(|(account, amount)| Entry { account, amount }).collect()
}

/// The balance of every account of one order. Equal to the sums of its ledger rows; kept with the order so that a read needs no sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Balances {
    #[serde(skip_serializing_if = "Amount::is_zero")]
    receivable: Amount,
    #[serde(skip_serializing_if = "Amount::is_zero")]
    sales: Amount,
    #[serde(skip_serializing_if = "Amount::is_zero")]
    authorized: Amount,
    #[serde(skip_serializing_if = "Amount::is_zero")]
    authorized_contra: Amount,
    #[serde(skip_serializing_if = "Amount::is_zero")]
    captured: Amount,
    #[serde(skip_serializing_if = "Amount::is_zero")]
    refund_pending: Amount,
    #[serde(skip_serializing_if = "Amount::is_zero")]
    refunded: Amount,
}

impl Balances {
    /// The balance of one account.
    pub const fn of(&self, account: Account) -> Amount {
        match account {
            Account::Receivable => self.receivable,
            Account::Sales => self.sales,
            Account::Authorized => self.authorized,
            Account::AuthorizedContra => self.authorized_contra,
            Account::Captured => self.captured,
            Account::RefundPending => self.refund_pending,
            Account::Refunded => self.refunded,
        }
    }

    /// The balances after these entries.
    ///
    /// # Errors
    /// [`Overflow`]; nothing is posted then.
    pub fn post(mut self, entries: &[Entry]) -> Result<Self, Overflow> {
        for entry in entries {
            let balance = match entry.account {
                Account::Receivable => &mut self.receivable,
                Account::Sales => &mut self.sales,
                Account::Authorized => &mut self.authorized,
                Account::AuthorizedContra => &mut self.authorized_contra,
                Account::Captured => &mut self.captured,
                Account::RefundPending => &mut self.refund_pending,
                Account::Refunded => &mut self.refunded,
            };
            *balance = balance.plus(entry.amount)?;
        }
        Ok(self)
    }

    /// What the order is worth now.
    pub const fn due(&self) -> Amount {
        self.sales.negated()
    }

    /// What the customer still owes; negative: we owe.
    pub const fn balance_due(&self) -> Amount {
        self.receivable
    }

    /// Taken, gross.
    pub const fn captured(&self) -> Amount {
        self.captured
    }

    /// Set aside and alive.
    pub const fn authorized(&self) -> Amount {
        self.authorized
    }

    /// Gone back.
    pub const fn refunded(&self) -> Amount {
        self.refunded.negated()
    }

    /// No money is with us: nothing is set aside, and all that was taken has gone back.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn is_returned(&self) -> Result<bool, Overflow> {
        Ok(self.authorized.is_zero() && self.captured.plus(self.refunded)?.is_zero())
    }

    /// What we owe the customer beyond what is on its way back: nothing, or −receivable.
    pub fn owed(&self) -> Amount {
        self.receivable.negated().max(Amount::ZERO)
    }

    /// What may still be given back: captured − refunded − pending.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn refundable(&self) -> Result<Amount, Overflow> {
        self.captured.plus(self.refunded)?.plus(self.refund_pending)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_fact_balances(fact in proptest::sample::select(Fact::ALL), amount in 0..=Amount::MAX.minor_units(), released in 0..=Amount::MAX.minor_units()) {
            let entries = entries(fact, Amount::new(amount).unwrap(), Amount::new(released).unwrap());
            prop_assert_eq!(entries.iter().map(|entry| i128::from(entry.amount.minor_units())).sum::<i128>(), 0);
            prop_assert!(entries.iter().all(|entry| !entry.amount.is_zero()));
        }
    }

    #[test]
    fn an_order_that_is_rejected_after_capture_ends_level() {
        let total = Amount::new(3490).unwrap();
        let mut balances = Balances::default();
        for fact in [Fact::Placed, Fact::Captured, Fact::Cancelled, Fact::RefundRequested, Fact::RefundSucceeded] {
            balances = balances.post(&entries(fact, total, Amount::ZERO)).unwrap();
        }
        assert_eq!((balances.due(), balances.balance_due(), balances.refundable().unwrap()), (Amount::ZERO, Amount::ZERO, Amount::ZERO));
        assert_eq!((balances.captured(), balances.refunded()), (total, total));
    }

    #[test]
    fn a_failed_refund_leaves_the_customer_with_a_claim() {
        let total = Amount::new(100).unwrap();
        let mut balances = Balances::default();
        for fact in [Fact::Placed, Fact::Captured, Fact::Cancelled, Fact::RefundRequested, Fact::RefundFailed] {
            balances = balances.post(&entries(fact, total, Amount::ZERO)).unwrap();
        }
        assert_eq!(balances.balance_due(), total.negated());
        assert_eq!(balances.refundable(), Ok(total));
    }
}
