//! What a tenant has agreed to: the switches and limits that its orders obey. `order::request` and `order::place` hold them to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    invalid::FieldErrors,
    money::{Amount, Currency},
    patch::Patch,
    rate::{PER_SECOND_MAX, Quota, Rate, RateClass},
    schema::{CurrencyCode, LinesMax, PaymentDeadlineSeconds, PerSecond, PositiveAmount},
};

/// Lines of one order; more are a 422, whatever a tenant's policy says.
pub const LINES_MAX: usize = 1_000;
/// Seconds a new order may wait for its money unless the tenant says otherwise: one day.
pub const PAYMENT_DEADLINE_SECONDS_DEFAULT: u32 = 86_400;
/// A shorter wait would expire orders whose payment is still being asked for.
pub const PAYMENT_DEADLINE_SECONDS_MIN: u32 = 60;
/// A longer wait would hold stock for what nobody will pay: 30 days.
pub const PAYMENT_DEADLINE_SECONDS_MAX: u32 = 30 * 86_400;

/// Requests a second that only read, of all keys of a tenant together, unless the tenant says otherwise.
pub const READS_PER_SECOND_DEFAULT: u32 = 10_000;
/// Requests a second that change something.
pub const WRITES_PER_SECOND_DEFAULT: u32 = 2_000;
/// How many keys may do the most that one may before all of them are too much: one that runs wild leaves half to the others.
const KEYS_AT_FULL_RATE: u32 = 2;

/// A tenant's policy. Stored as JSON: absent members take their defaults, so that a new switch needs no migration, and members that
/// this version does not know are passed over, so that the release before runs beside this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TenantPolicy {
    /// Orders wait for an inventory service's reservation. Off for a tenant without one.
    #[schema(required)]
    pub stock: bool,
    /// Time from placing an order to its expiry without payment.
    #[schema(value_type = PaymentDeadlineSeconds, required)]
    pub payment_deadline_seconds: u32,
    /// The currencies it may use; empty: every one we know.
    #[schema(value_type = Vec<CurrencyCode>, required)]
    pub currencies: Vec<Currency>,
    /// Lines of one order.
    #[schema(value_type = LinesMax, required)]
    pub lines_max: usize,
    /// What one order may come to, in minor units of the order's currency, whichever that is.
    #[schema(value_type = Option<PositiveAmount>, required)]
    pub order_total_max: Option<Amount>,
    /// Requests a second that only read, of all keys together; as many may come at once.
    #[schema(value_type = PerSecond, required)]
    pub reads_per_second: u32,
    /// The same of each key.
    #[schema(value_type = PerSecond, required)]
    pub reads_per_second_per_key: u32,
    /// Requests a second that change something, of all keys together; as many may come at once.
    #[schema(value_type = PerSecond, required)]
    pub writes_per_second: u32,
    /// The same of each key.
    #[schema(value_type = PerSecond, required)]
    pub writes_per_second_per_key: u32,
}

impl Default for TenantPolicy {
    fn default() -> Self {
        Self {
            stock: true,
            payment_deadline_seconds: PAYMENT_DEADLINE_SECONDS_DEFAULT,
            currencies: Vec::new(),
            lines_max: LINES_MAX,
            order_total_max: None,
            reads_per_second: READS_PER_SECOND_DEFAULT,
            reads_per_second_per_key: READS_PER_SECOND_DEFAULT / KEYS_AT_FULL_RATE,
            writes_per_second: WRITES_PER_SECOND_DEFAULT,
            writes_per_second_per_key: WRITES_PER_SECOND_DEFAULT / KEYS_AT_FULL_RATE,
        }
    }
}

/// What a caller wants of a policy: a JSON merge patch of it. `null` gives a member its default back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyPatch {
    /// Orders wait for an inventory service's reservation.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub stock: Patch<bool>,
    /// Time from placing an order to its expiry without payment.
    #[serde(default)]
    #[schema(value_type = Option<PaymentDeadlineSeconds>)]
    pub payment_deadline_seconds: Patch<u32>,
    /// The currencies it may use, each once; none: every one we know.
    #[serde(default)]
    #[schema(value_type = Option<Vec<CurrencyCode>>)]
    pub currencies: Patch<Vec<String>>,
    /// Lines of one order.
    #[serde(default)]
    #[schema(value_type = Option<LinesMax>)]
    pub lines_max: Patch<usize>,
    /// What one order may come to.
    #[serde(default)]
    #[schema(value_type = Option<PositiveAmount>)]
    pub order_total_max: Patch<i64>,
    /// Requests a second that only read.
    #[serde(default)]
    #[schema(value_type = Option<PerSecond>)]
    pub reads_per_second: Patch<u32>,
    /// The same of each key.
    #[serde(default)]
    #[schema(value_type = Option<PerSecond>)]
    pub reads_per_second_per_key: Patch<u32>,
    /// Requests a second that change something.
    #[serde(default)]
    #[schema(value_type = Option<PerSecond>)]
    pub writes_per_second: Patch<u32>,
    /// The same of each key.
    #[serde(default)]
    #[schema(value_type = Option<PerSecond>)]
    pub writes_per_second_per_key: Patch<u32>,
}

impl TenantPolicy {
    /// How many requests of a class there may be.
    pub fn quota(&self, class: RateClass) -> Quota {
        let (key, tenant) = match class {
            RateClass::Reads => (self.reads_per_second_per_key, self.reads_per_second),
            RateClass::Writes => (self.writes_per_second_per_key, self.writes_per_second),
        };
        Quota { class, key: Rate::new(key), tenant: Rate::new(tenant) }
    }

    /// This policy after a patch that stands at `/policy`. What the patch gets wrong stays as it was and is noted.
    #[must_use]
    pub fn patched(&self, patch: &PolicyPatch, errors: &mut FieldErrors) -> Self {
        let default = Self::default();
        Self {
            stock: chosen(&patch.stock, self.stock, default.stock, |stock| Some(*stock)),
            payment_deadline_seconds: chosen(
                &patch.payment_deadline_seconds,
                self.payment_deadline_seconds,
                default.payment_deadline_seconds,
                |seconds| {
                    let range = PAYMENT_DEADLINE_SECONDS_MIN..=PAYMENT_DEADLINE_SECONDS_MAX;
                    in_range("/policy/payment_deadline_seconds", *seconds, range, errors)
                },
            ),
            currencies: chosen(&patch.currencies, self.currencies.clone(), default.currencies, |codes| Some(currencies(codes, errors))),
            lines_max: chosen(&patch.lines_max, self.lines_max, default.lines_max, |lines| {
                in_range("/policy/lines_max", *lines, 1..=LINES_MAX, errors)
            }),
            order_total_max: chosen(&patch.order_total_max, self.order_total_max, default.order_total_max, |minor_units| {
                let minor_units = in_range("/policy/order_total_max", *minor_units, 1..=Amount::MAX.minor_units(), errors)?;
                Some(Amount::new(minor_units).ok())
            }),
            ..self.with_rates_patched(patch, errors)
        }
    }

    fn with_rates_patched(&self, patch: &PolicyPatch, errors: &mut FieldErrors) -> Self {
        let default = Self::default();
        let mut rate = |pointer: &str, patch: &Patch<u32>, kept: u32, default: u32| {
            chosen(patch, kept, default, |rate| in_range(pointer, *rate, 1..=PER_SECOND_MAX, errors))
        };
        macro_rules! rates {
            ($($member:ident),*) => {
                Self {
                    $($member: rate(concat!("/policy/", stringify!($member)), &patch.$member, self.$member, default.$member),)*
                    ..self.clone()
                }
            };
        }
        rates!(reads_per_second, reads_per_second_per_key, writes_per_second, writes_per_second_per_key)
    }
}

/// What a member becomes; a value that cannot be (`None`) leaves it as it was.
fn chosen<P, T>(patch: &Patch<P>, kept: T, default: T, set: impl FnOnce(&P) -> Option<T>) -> T {
    match patch {
        Patch::Keep => kept,
        Patch::Remove => default,
        Patch::Set(value) => set(value).unwrap_or(kept),
    }
}

fn in_range<T>(pointer: &str, value: T, range: std::ops::RangeInclusive<T>, errors: &mut FieldErrors) -> Option<T>
where
    T: Copy + PartialOrd + std::fmt::Display,
{
    let (first, last) = (*range.start(), *range.end());
    errors.require(range.contains(&value), pointer, "out_of_range", format_args!("must be {first} to {last}, is {value}"));
    range.contains(&value).then_some(value)
}

fn currencies(codes: &[String], errors: &mut FieldErrors) -> Vec<Currency> {
    let mut currencies: Vec<Currency> = Vec::new();
    for (index, code) in codes.iter().enumerate() {
        let pointer = format!("/policy/currencies/{index}");
        match code.parse() {
            Ok(currency) if currencies.contains(&currency) => errors.push(pointer, "duplicate", format!("{code} is listed twice")),
            Ok(currency) => currencies.push(currency),
            Err(_) => errors.push(pointer, "unknown_currency", "must be a current ISO 4217 code"),
        }
    }
    currencies
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn patched(policy: &TenantPolicy, patch: Value) -> Result<TenantPolicy, Vec<(String, &'static str)>> {
        let mut errors = FieldErrors::default();
        let policy = policy.patched(&serde_json::from_value(patch).unwrap(), &mut errors);
        let named = |errors: Vec<crate::domain::invalid::FieldError>| errors.into_iter().map(|error| (error.pointer, error.code)).collect();
        errors.into_result().map(|()| policy).map_err(named)
    }

    fn strict() -> TenantPolicy {
        TenantPolicy {
            stock: false,
            payment_deadline_seconds: 600,
            currencies: vec!["EUR".parse().unwrap()],
            lines_max: 5,
            order_total_max: Some(Amount::new(100).unwrap()),
            reads_per_second: 40,
            reads_per_second_per_key: 30,
            writes_per_second: 20,
            writes_per_second_per_key: 10,
        }
    }

    #[test]
    fn what_a_patch_leaves_out_stays() {
        assert_eq!(patched(&strict(), json!({})), Ok(strict()));
        assert_eq!(patched(&strict(), json!({ "lines_max": 7 })), Ok(TenantPolicy { lines_max: 7, ..strict() }));
    }

    #[test]
    fn null_gives_the_default_back() {
        let stored = serde_json::to_value(strict()).unwrap();
        let all = stored.as_object().unwrap().keys().map(|member| (member.clone(), Value::Null)).collect();
        assert_eq!(patched(&strict(), all), Ok(TenantPolicy::default()));
    }

    #[test]
    fn each_bound_holds_on_both_sides() {
        let max = Amount::MAX.minor_units();
        for (member, good, bad) in [
            ("payment_deadline_seconds", [60, 2_592_000], [59, 2_592_001]),
            ("lines_max", [1, 1_000], [0, 1_001]),
            ("order_total_max", [1, max], [0, max + 1]),
            ("reads_per_second", [1, 1_000_000], [0, 1_000_001]),
            ("reads_per_second_per_key", [1, 1_000_000], [0, 1_000_001]),
            ("writes_per_second", [1, 1_000_000], [0, 1_000_001]),
            ("writes_per_second_per_key", [1, 1_000_000], [0, 1_000_001]),
        ] {
            for value in good {
                assert!(patched(&strict(), json!({ member: value })).is_ok(), "{member}: {value}");
            }
            for value in bad {
                assert_eq!(
                    patched(&strict(), json!({ member: value })),
                    Err(vec![(format!("/policy/{member}"), "out_of_range")]),
                    "{value}"
                );
            }
        }
    }

    #[test]
    fn a_class_has_its_own_rates() {
        let rates = [RateClass::Reads, RateClass::Writes].map(|class| strict().quota(class));
        assert_eq!(rates.map(|quota| (quota.tenant.per_second(), quota.key.per_second())), [(40, 30), (20, 10)]);
    }

    #[test]
    fn currencies_are_known_and_named_once() {
        let wrong = patched(&strict(), json!({ "currencies": ["EUR", "XXX", "EUR", "JPY", "eur"] }));
        let expected = [(1, "unknown_currency"), (2, "duplicate"), (4, "unknown_currency")];
        assert_eq!(wrong, Err(expected.map(|(index, code)| (format!("/policy/currencies/{index}"), code)).to_vec()));
    }

    #[test]
    fn what_is_stored_reads_back_and_an_unknown_member_does_no_harm() {
        let mut stored = serde_json::to_value(strict()).unwrap();
        stored["of_a_later_release"] = json!(true);
        assert_eq!(serde_json::from_value::<TenantPolicy>(stored).unwrap(), strict());
        assert_eq!(serde_json::from_value::<TenantPolicy>(json!({})).unwrap(), TenantPolicy::default());
    }
}
