//! What a caller asks for when it places an order, and the one way from there to an order that may exist: parse, don't validate.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Priced,
    contact::{Address, Contact, Customer},
    line::{Line, Quantities},
    metadata::check_metadata,
    tender::{NewTender, PaymentRequest, Token},
};
use crate::domain::{
    ids::{LineId, NewIds},
    invalid::{FieldError, FieldErrors},
    messages::size,
    money::{Amount, Currency, Overflow},
    payments::ledger::Balances,
    policy::{LINES_MAX, TenantPolicy},
    schema::{CurrencyCode, Metadata, NonNegativeAmount, Quantity, Reference, Sku, Text},
};

/// Units of one line; more are a 422.
pub const QUANTITY_MAX: u32 = 1_000_000;
/// Tenders of one order at its creation; more are a 422.
pub const TENDERS_MAX: usize = 10;
/// Characters of an article number.
pub const SKU_MAX: usize = 64;
/// Characters of a reference of the caller's.
pub const REFERENCE_MAX: usize = 128;
/// Characters of any other line of text.
pub const TEXT_MAX: usize = 255;

/// The body of `POST /v1/orders`. Amounts are minor units of `currency`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// The caller's own reference, unique per tenant.
    #[schema(value_type = Option<Reference>)]
    pub external_reference: Option<String>,
    /// ISO 4217.
    #[schema(value_type = CurrencyCode)]
    pub currency: String,
    /// Who buys.
    #[serde(default)]
    pub customer: Customer,
    /// Required if any line needs shipping.
    pub shipping_address: Option<Address>,
    /// If elsewhere.
    pub billing_address: Option<Address>,
    /// 1 to 1,000. Messages to partners name them all and have at most 64 KiB: more or longer article numbers than fit are a
    /// `messages_too_large`, which names both numbers. A thousand of 30 characters fit.
    #[schema(min_items = 1, max_items = 1000)]
    pub lines: Vec<LineRequest>,
    /// Price of shipping.
    #[serde(default)]
    #[schema(value_type = NonNegativeAmount)]
    pub shipping: i64,
    /// Tax on shipping.
    #[serde(default)]
    #[schema(value_type = NonNegativeAmount)]
    pub shipping_tax: i64,
    /// Off the whole order.
    #[serde(default)]
    #[schema(value_type = NonNegativeAmount)]
    pub discount: i64,
    /// If sent, must equal the total that we compute.
    #[schema(value_type = Option<NonNegativeAmount>)]
    pub expected_total: Option<i64>,
    /// Tenders to start with it.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub payments: Vec<PaymentRequest>,
    /// Public, at most 50 members and 16 KiB.
    #[serde(default)]
    #[schema(value_type = Metadata)]
    pub metadata: Map<String, Value>,
}

/// One line of the body.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineRequest {
    /// The caller's article number.
    #[schema(value_type = Sku)]
    pub sku: String,
    /// What the customer reads.
    #[schema(value_type = Text)]
    pub name: String,
    /// 1 to 1,000,000.
    #[schema(value_type = Quantity)]
    pub quantity: i64,
    /// Of one unit.
    #[schema(value_type = NonNegativeAmount)]
    pub unit_price: i64,
    /// Off the whole line.
    #[serde(default)]
    #[schema(value_type = NonNegativeAmount)]
    pub discount: i64,
    /// On the whole line.
    #[serde(default)]
    #[schema(value_type = NonNegativeAmount)]
    pub tax: i64,
    /// Goes to a shipping partner; true unless said otherwise.
    #[serde(default = "yes")]
    pub requires_shipping: bool,
    /// The caller's own.
    #[serde(default)]
    #[schema(value_type = Metadata)]
    pub metadata: Map<String, Value>,
}

const fn yes() -> bool {
    true
}

/// A request that may become an order: every number in range, every sum checked.
#[derive(Debug, Clone)]
pub struct NewOrder {
    pub(super) external_reference: Option<String>,
    pub(super) currency: Currency,
    pub(super) contact: Contact,
    pub(super) lines: Vec<Line>,
    pub(super) shipping: Amount,
    pub(super) shipping_tax: Amount,
    pub(super) discount: Amount,
    pub(super) total: Amount,
    pub(super) tenders: Vec<NewTender>,
    pub(super) metadata: Map<String, Value>,
}

impl NewOrder {
    /// Checks a request against the rules of the domain and the tenant's policy, and gives its lines their ids.
    ///
    /// # Errors
    /// Everything that is wrong with it. Sums are compared only when every number in them is in range: what is said about a sum of
    /// something else would be wrong.
    pub fn parse(request: OrderRequest, policy: &TenantPolicy, ids: &mut dyn NewIds) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let currency = parse_currency(&request.currency, policy, &mut errors);
        check_texts(&request, &mut errors);
        check_metadata(&request.metadata, "/metadata", &mut errors);
        let prices = Prices::parse(&request, ids, &mut errors);
        if let Some(prices) = &prices {
            check_limits(prices.lines.len(), prices.total, policy, &mut errors);
        }
        let tenders = parse_tenders(&request.payments, prices.as_ref().map(|prices| prices.total), &mut errors);
        if request.lines.iter().any(|line| line.requires_shipping) && request.shipping_address.is_none() {
            errors.push("/shipping_address", "required", "is required, because lines need shipping");
        }
        if let Some(prices) = &prices {
            size::check(&prices.lines, request.shipping_address.as_ref(), &mut errors);
        }
        let (Some(currency), Some(prices), Some(tenders), true) = (currency, prices, tenders, errors.is_empty()) else {
            return Err(errors.into_vec());
        };
        let Prices { lines, shipping, shipping_tax, discount, total } = prices;
        let contact =
            Contact { customer: request.customer, shipping_address: request.shipping_address, billing_address: request.billing_address };
        let (external_reference, metadata) = (request.external_reference, request.metadata);
        Ok(Self { external_reference, currency, contact, lines, shipping, shipping_tax, discount, total, tenders, metadata })
    }

    /// Its total, checked.
    pub const fn total(&self) -> Amount {
        self.total
    }

    /// The token of each tender, in order, for sealing.
    pub fn tokens(&self) -> impl Iterator<Item = Option<&Token>> {
        self.tenders.iter().map(|tender| tender.token.as_ref())
    }
}

fn parse_currency(code: &str, policy: &TenantPolicy, errors: &mut FieldErrors) -> Option<Currency> {
    match code.parse::<Currency>() {
        Ok(currency) if policy.currencies.is_empty() || policy.currencies.contains(&currency) => Some(currency),
        Ok(_) => {
            let allowed = policy.currencies.iter().map(Currency::code).collect::<Vec<_>>().join(", ");
            errors.push("/currency", "not_allowed", format!("this tenant uses {allowed}, not {code}"));
            None
        }
        Err(_) => {
            errors.push("/currency", "unknown_currency", "must be a current ISO 4217 code");
            None
        }
    }
}

/// What the tenant's policy allows of one order, within what is allowed to anyone.
fn check_limits(lines: usize, total: Amount, policy: &TenantPolicy, errors: &mut FieldErrors) {
    let max = policy.lines_max;
    errors.require(lines <= max, "/lines", "exceeds_policy", format_args!("has {lines} lines, the tenant's policy allows {max}"));
    if let Some(max) = policy.order_total_max {
        errors.require(total <= max, "", "exceeds_policy", format_args!("the order totals {total}, the tenant's policy allows {max}"));
    }
}

fn check_texts(request: &OrderRequest, errors: &mut FieldErrors) {
    let mut optional = |text: &Option<String>, max: usize, pointer: &str| {
        if let Some(text) = text {
            errors.text(text, max, pointer);
        }
    };
    optional(&request.external_reference, REFERENCE_MAX, "/external_reference");
    optional(&request.customer.reference, REFERENCE_MAX, "/customer/reference");
    optional(&request.customer.email, TEXT_MAX, "/customer/email");
    optional(&request.customer.name, TEXT_MAX, "/customer/name");
    optional(&request.customer.phone, TEXT_MAX, "/customer/phone");
    for (address, place) in [(&request.shipping_address, "/shipping_address"), (&request.billing_address, "/billing_address")] {
        if let Some(address) = address {
            check_address(address, place, errors);
        }
    }
}

fn check_address(address: &Address, place: &str, errors: &mut FieldErrors) {
    for (text, member) in
        [(&address.name, "name"), (&address.line1, "line1"), (&address.postal_code, "postal_code"), (&address.city, "city")]
    {
        errors.text(text, TEXT_MAX, format!("{place}/{member}"));
    }
    for (text, member) in [(&address.line2, "line2"), (&address.region, "region")] {
        if let Some(text) = text {
            errors.text(text, TEXT_MAX, format!("{place}/{member}"));
        }
    }
    let alpha_2 = address.country.len() == 2 && address.country.bytes().all(|byte| byte.is_ascii_uppercase());
    errors.require(alpha_2, format!("{place}/country"), "unknown_country", "must be an ISO 3166-1 alpha-2 code");
}

fn parse_amount(minor_units: i64, pointer: impl Into<String>, errors: &mut FieldErrors) -> Option<Amount> {
    let amount = Amount::new(minor_units).ok().filter(|amount| !amount.is_negative());
    if amount.is_none() {
        errors.push(pointer, "out_of_range", format!("must be 0 to {}, is {minor_units}", Amount::MAX));
    }
    amount
}

/// What makes the price of an order, and the price.
struct Prices {
    lines: Vec<Line>,
    shipping: Amount,
    shipping_tax: Amount,
    discount: Amount,
    total: Amount,
}

impl Prices {
    /// `None`, with the errors noted, unless every number is in range and the sums fit one another.
    fn parse(request: &OrderRequest, ids: &mut dyn NewIds, errors: &mut FieldErrors) -> Option<Self> {
        let lines = parse_lines(&request.lines, ids, errors);
        let shipping = parse_amount(request.shipping, "/shipping", errors);
        let shipping_tax = parse_amount(request.shipping_tax, "/shipping_tax", errors);
        let discount = parse_amount(request.discount, "/discount", errors);
        let (lines, shipping, shipping_tax, discount) = (lines?, shipping?, shipping_tax?, discount?);
        let priced = Priced { lines: &lines, shipping, shipping_tax, discount };
        let total = check_total(&priced, request.expected_total, errors)?;
        Some(Self { lines, shipping, shipping_tax, discount, total })
    }
}

fn parse_lines(requests: &[LineRequest], ids: &mut dyn NewIds, errors: &mut FieldErrors) -> Option<Vec<Line>> {
    let count = requests.len();
    if !(1..=LINES_MAX).contains(&count) {
        errors.push("/lines", "length", format!("must have 1 to {LINES_MAX} lines, has {count}"));
        return None;
    }
    // Two steps, because collecting into an Option would stop at the first line that is wrong.
    let lines: Vec<Option<Line>> =
        requests.iter().enumerate().map(|(index, request)| parse_line(index, request, LineId::new(ids.next_uuid()), errors)).collect();
    lines.into_iter().collect()
}

fn parse_line(index: usize, request: &LineRequest, id: LineId, errors: &mut FieldErrors) -> Option<Line> {
    let at = |member: &str| format!("/lines/{index}/{member}");
    errors.text(&request.sku, SKU_MAX, at("sku"));
    errors.text(&request.name, TEXT_MAX, at("name"));
    check_metadata(&request.metadata, &at("metadata"), errors);
    let quantity = u32::try_from(request.quantity).ok().filter(|quantity| (1..=QUANTITY_MAX).contains(quantity));
    if quantity.is_none() {
        errors.push(at("quantity"), "out_of_range", format!("must be 1 to {QUANTITY_MAX}, is {}", request.quantity));
    }
    let unit_price = parse_amount(request.unit_price, at("unit_price"), errors);
    let discount = parse_amount(request.discount, at("discount"), errors);
    let tax = parse_amount(request.tax, at("tax"), errors);
    let line = Line {
        id,
        sku: request.sku.clone(),
        name: request.name.clone(),
        unit_price: unit_price?,
        discount: discount?,
        tax: tax?,
        requires_shipping: request.requires_shipping,
        metadata: request.metadata.clone(),
        quantities: Quantities { ordered: quantity?, ..Quantities::default() },
    };
    match line.gross() {
        Ok(gross) if line.discount <= gross => return Some(line),
        Ok(gross) => {
            let message = format!("discount {} exceeds unit_price · quantity {gross}", line.discount);
            errors.push(at("discount"), "out_of_range", message);
        }
        Err(Overflow) => errors.push(at("unit_price"), "out_of_range", format!("unit_price · quantity: {Overflow}")),
    }
    None
}

/// The total, unless a sum is out of range or the order's discount exceeds what it is taken from.
fn check_total(priced: &Priced<'_>, expected: Option<i64>, errors: &mut FieldErrors) -> Option<Amount> {
    let Ok(totals) = priced.totals(&Balances::default()) else {
        errors.push("", "out_of_range", format!("the total: {Overflow}"));
        return None;
    };
    let discountable = priced.lines.iter().try_fold(Amount::ZERO, |sum, line| sum.plus(line.gross()?.minus(line.discount)?));
    if discountable.is_ok_and(|discountable| priced.discount > discountable) {
        errors.push("/discount", "out_of_range", format!("discount {} exceeds the lines after their own discounts", priced.discount));
        return None;
    }
    if let Some(expected) = expected.filter(|expected| *expected != totals.total.minor_units()) {
        errors.push("/expected_total", "mismatch", format!("expected_total is {expected}, the order totals {}", totals.total));
    }
    Some(totals.total)
}

/// `total` is unknown when the prices are wrong.
fn parse_tenders(requests: &[PaymentRequest], total: Option<Amount>, errors: &mut FieldErrors) -> Option<Vec<NewTender>> {
    let count = requests.len();
    if count > TENDERS_MAX {
        errors.push("/payments", "too_many", format!("has {count} tenders, at most {TENDERS_MAX}"));
        return None;
    }
    let at = |index: usize| format!("/payments/{index}");
    let tenders: Vec<Option<NewTender>> =
        requests.iter().enumerate().map(|(index, request)| NewTender::parse(request, &at(index), errors)).collect();
    let tenders: Vec<NewTender> = tenders.into_iter().collect::<Option<_>>()?;
    match (Amount::sum(tenders.iter().map(|tender| tender.amount)), total) {
        (Ok(sum), Some(total)) if sum > total => {
            errors.push("/payments", "exceeds_total", format!("tenders of {sum} exceed the total of {total}"));
        }
        (Ok(_), _) => {}
        (Err(Overflow), _) => errors.push("/payments", "out_of_range", format!("the sum of the tenders: {Overflow}")),
    }
    Some(tenders)
}
