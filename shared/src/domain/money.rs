//! Money: whole minor units and an ISO 4217 code. No float anywhere; overflow is an error, never a wrap or a panic.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount left the range in which every JSON reader keeps it exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("amount exceeds 9007199254740991 minor units")]
pub struct Overflow;

/// Minor units of the order's currency; negative only as a balance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Amount(i64);

impl TryFrom<i64> for Amount {
    type Error = Overflow;

    fn try_from(minor_units: i64) -> Result<Self, Overflow> {
        Self::new(minor_units)
    }
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// 2^53 − 1: the largest integer that every JSON reader keeps exact.
    pub const MAX: Self = Self(9_007_199_254_740_991);

    /// An amount of so many minor units.
    ///
    /// # Errors
    /// [`Overflow`] beyond ±[`Amount::MAX`].
    pub const fn new(minor_units: i64) -> Result<Self, Overflow> {
        if minor_units > Self::MAX.0 || minor_units < -Self::MAX.0 { Err(Overflow) } else { Ok(Self(minor_units)) }
    }

    /// Its minor units.
    pub const fn minor_units(self) -> i64 {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).ok_or(Overflow).and_then(Self::new)
    }

    /// The difference, negative if `other` is larger.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).ok_or(Overflow).and_then(Self::new)
    }

    /// So many times this.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn times(self, quantity: u32) -> Result<Self, Overflow> {
        self.0.checked_mul(i64::from(quantity)).ok_or(Overflow).and_then(Self::new)
    }

    /// The same amount on the other side; never overflows, the range is symmetric.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// More than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Less than nothing.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Exactly nothing.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// The sum of many.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Currencies whose minor unit is not a hundredth (ISO 4217, list one), and every other current one.
const EXPONENT_0: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const EXPONENT_3: &str = "BHD IQD JOD KWD LYD OMR TND";
const EXPONENT_4: &str = "CLF UYW";
const EXPONENT_2: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY \
     COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES \
     KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB \
     PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS \
     UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

/// A text that is no current ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code")]
pub struct UnknownCurrency;

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

impl Currency {
    /// Its code: `EUR`.
    pub fn code(&self) -> &str {
        // Built from an ASCII table entry; the fallback cannot be reached.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Decimal places of its minor unit: JPY 0, USD 2, BHD 3.
    pub const fn exponent(self) -> u8 {
        self.exponent
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| UnknownCurrency)?;
        let listed = |table: &str| table.split_ascii_whitespace().any(|known| known == text);
        [(2, EXPONENT_2), (0, EXPONENT_0), (3, EXPONENT_3), (4, EXPONENT_4)]
            .into_iter()
            .find(|(_, table)| listed(table))
            .map(|(exponent, _)| Self { code, exponent })
            .ok_or(UnknownCurrency)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzz::fuzz;

    #[test]
    fn minor_units_differ_by_currency() {
        for (code, exponent) in [("JPY", 0), ("USD", 2), ("EUR", 2), ("BHD", 3), ("CLF", 4)] {
            assert_eq!(code.parse::<Currency>().unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn what_is_no_currency_is_refused() {
        for text in ["", "EU", "eur", "EURO", "XXX", "E R"] {
            assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency), "{text:?}");
        }
    }

    /// Any numbers, as they come out of JSON: in range or refused, and never another result than exact arithmetic has.
    #[test]
    fn fuzz_money() {
        fuzz(any::<(i64, i64, u32, Vec<i64>, String)>(), |(a, b, quantity, many, text)| {
            let exact = |result: Result<Amount, Overflow>, exact: i128| {
                let fits = exact.unsigned_abs() <= u128::from(Amount::MAX.0.unsigned_abs());
                assert_eq!(result.map(|amount| i128::from(amount.0)), if fits { Ok(exact) } else { Err(Overflow) });
            };
            let read = |number: i64| serde_json::from_value::<Amount>(number.into()).ok();
            for number in [a, b, a >> 10, b >> 10] {
                assert_eq!(read(number), Amount::new(number).ok());
            }
            // Ten bits less are always in range; so are the results of some, and those of others are not.
            if let (Some(a), Some(b)) = (read(a >> 10), read(b >> (quantity % 64))) {
                let (x, y) = (i128::from(a.0), i128::from(b.0));
                exact(a.plus(b), x + y);
                exact(a.minus(b), x - y);
                exact(a.times(quantity), x * i128::from(quantity));
                assert_eq!(a.negated().negated(), a);
            }
            let many: Vec<Amount> = many.iter().filter_map(|number| read(number >> 20)).collect();
            exact(Amount::sum(many.iter().copied()), many.iter().map(|amount| i128::from(amount.0)).sum());
            if let Ok(currency) = text.parse::<Currency>() {
                assert_eq!(currency.code(), text);
            }
        });
    }

    #[test]
    fn the_range_ends_where_json_stops_being_exact() {
        let one = Amount::new(1).unwrap();
        assert_eq!(Amount::MAX.plus(one), Err(Overflow));
        assert_eq!(Amount::MAX.negated().minus(one), Err(Overflow));
        assert_eq!(Amount::MAX.times(2), Err(Overflow));
        assert_eq!(Amount::new(i64::MAX), Err(Overflow));
    }
}
