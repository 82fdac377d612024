//! A line of an order: a price snapshot and the counters of its units.

use serde_json::{Map, Value};

use crate::domain::{
    ids::LineId,
    messages::Units,
    money::{Amount, Overflow},
};

/// How many units have reached each stage. `ordered ≥ cancelled + fulfilled`, `fulfilled ≥ shipped ≥ delivered ≥ returned`,
/// `ordered ≥ refunded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quantities {
    /// Bought.
    pub ordered: u32,
    /// Taken out of the order.
    pub cancelled: u32,
    /// In a live fulfilment.
    pub fulfilled: u32,
    /// On their way.
    pub shipped: u32,
    /// Arrived.
    pub delivered: u32,
    /// Come back.
    pub returned: u32,
    /// Paid back to the customer, who keeps them.
    pub refunded: u32,
}

impl Quantities {
    /// Units whose value has left the sale already.
    pub fn taken_out(&self) -> u32 {
        (self.cancelled.saturating_add(self.refunded)).min(self.ordered)
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: LineId,
    /// The caller's article number.
    pub sku: String,
    /// What the customer read.
    pub name: String,
    /// Of one unit.
    pub unit_price: Amount,
    /// Off the whole line.
    pub discount: Amount,
    /// On the whole line.
    pub tax: Amount,
    /// Its units go to a shipping partner.
    pub requires_shipping: bool,
    /// The caller's own.
    pub metadata: Map<String, Value>,
    /// Where its units are.
    pub quantities: Quantities,
}

impl Line {
    /// The whole of it as messages tell of it.
    pub fn units(&self) -> Units {
        Units { sku: self.sku.clone(), quantity: self.quantities.ordered }
    }

    /// `unit_price · ordered`.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn gross(&self) -> Result<Amount, Overflow> {
        self.unit_price.times(self.quantities.ordered)
    }

    /// All its units are delivered, cancelled or need no shipping.
    pub const fn is_done(&self) -> bool {
        !self.requires_shipping || self.quantities.delivered + self.quantities.cancelled == self.quantities.ordered
    }
}

/// Distributes `total` over parts in proportion to their weights, by largest remainder; ties go to the earlier part. The shares
/// always sum to `total`. Without any weight the first part takes it all.
pub fn shares(total: Amount, weights: &[Amount]) -> Vec<Amount> {
    let (total, sum) = (i128::from(total.minor_units()), weights.iter().map(|weight| i128::from(weight.minor_units())).sum::<i128>());
    if sum == 0 {
        return weights.iter().enumerate().map(|(index, _)| if index == 0 { in_range(total) } else { Amount::ZERO }).collect();
    }
    let products: Vec<i128> = weights.iter().map(|weight| total * i128::from(weight.minor_units())).collect();
    let mut shares: Vec<i128> = products.iter().map(|product| product / sum).collect();
    let mut left = total - shares.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&index| (std::cmp::Reverse(products[index] % sum), index));
    for index in by_remainder {
        if left == 0 {
            break;
        }
        shares[index] += 1;
        left -= 1;
    }
    shares.into_iter().map(in_range).collect()
}

/// The value of units `k+1 … k+m` of a line worth `net` over `quantity` units: `cum(k+m) − cum(k)` with `cum(n) = ⌊net·n / quantity⌋`,
/// so that the parts of a line always sum to the whole.
pub fn value_of_units(net: Amount, quantity: u32, k: u32, m: u32) -> Amount {
    if quantity == 0 {
        return Amount::ZERO;
    }
    let cumulated = |n: u32| (i128::from(net.minor_units()) * i128::from(n)).div_euclid(i128::from(quantity));
    in_range(cumulated(k.saturating_add(m)) - cumulated(k))
}

/// A part of an amount that is in range is in range itself.
fn in_range(part: i128) -> Amount {
    i64::try_from(part).ok().and_then(|part| Amount::new(part).ok()).unwrap_or(Amount::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzz::fuzz;

    fn amount() -> impl Strategy<Value = Amount> {
        (0..=Amount::MAX.minor_units()).prop_map(|minor_units| Amount::new(minor_units).unwrap())
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_whole_and_stay_within_one_of_the_exact(total in amount(), weights in proptest::collection::vec(amount(), 1..50)) {
            let shares = shares(total, &weights);
            prop_assert_eq!(shares.iter().map(|share| i128::from(share.minor_units())).sum::<i128>(), i128::from(total.minor_units()));
            let sum: i128 = weights.iter().map(|weight| i128::from(weight.minor_units())).sum();
            if sum > 0 {
                for (share, weight) in shares.iter().zip(&weights) {
                    let exact = i128::from(total.minor_units()) * i128::from(weight.minor_units()) / sum;
                    prop_assert!((exact..=exact + 1).contains(&i128::from(share.minor_units())));
                }
            }
        }

        #[test]
        fn the_parts_of_a_line_sum_to_the_line(net in amount(), quantity in 1u32..10_000, cuts in proptest::collection::vec(0u32..10_000, 0..6)) {
            let mut bounds: Vec<u32> = cuts.into_iter().map(|cut| cut % (quantity + 1)).chain([0, quantity]).collect();
            bounds.sort_unstable();
            let parts = bounds.windows(2).map(|pair| value_of_units(net, quantity, pair[0], pair[1] - pair[0]));
            prop_assert_eq!(Amount::sum(parts), Ok(net));
        }
    }

    /// Any total over any weights, and any part of any line: what the whole is, the parts are.
    #[test]
    fn fuzz_allocation() {
        let weights = proptest::collection::vec(any::<i64>(), 0..50);
        fuzz((any::<i64>(), weights, any::<[u32; 3]>()), |(total, weights, [quantity, k, m])| {
            // Ten bits less are always in range.
            let in_range = |number: i64| Amount::new(number >> 10).unwrap();
            let (total, weights) = (in_range(total), weights.into_iter().map(in_range).collect::<Vec<_>>());
            let parts = shares(total, &weights);
            assert_eq!(parts.len(), weights.len());
            if !total.is_negative() && !weights.is_empty() && weights.iter().all(|weight| !weight.is_negative()) {
                assert_eq!(Amount::sum(parts), Ok(total));
            }
            // Units that a line has, and those that it has not: the latter only must not panic.
            value_of_units(total, quantity, k, m);
            let (k, m) = (k % quantity.max(1), m % quantity.max(1));
            let (k, m) = (k.min(m), k.max(m) - k.min(m));
            let parts = value_of_units(total, quantity, 0, k).plus(value_of_units(total, quantity, k, m));
            assert_eq!(parts, Ok(value_of_units(total, quantity, 0, k + m)));
        });
    }

    #[test]
    fn ties_go_to_the_lower_line() {
        let one = Amount::new(1).unwrap();
        let minor: Vec<i64> = shares(Amount::new(2).unwrap(), &[one, one, one]).iter().map(|share| share.minor_units()).collect();
        assert_eq!(minor, [1, 1, 0]);
    }
}
