//! What a caller asks for when it places an order, and the one way from there to an order that may exist: parse, don't validate.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Priced,
    contact::{Address, Contact, Customer},
    line::{Line, Quantities},
    tender::{NewTender, PaymentRequest, Token},
};
use crate::domain::{
    ids::{LineId, NewIds},
    invalid::{FieldError, FieldErrors},
    money::{Amount, Currency, Overflow},
    payments::ledger::Balances,
    policy::{LINES_MAX, TenantPolicy},
    schema::{CurrencyCode, Metadata, NonNegativeAmount, Quantity, Reference, Sku, Text},
};

/// Units of one line; more are a 422.
pub const QUANTITY_MAX: u32 = 1_000_000;
/// Tenders of one order at its creation; more are a 422.
pub const TENDERS_MAX: usize = 10;
/// Members of an order's or a line's metadata; more are a 422.
pub const METADATA_KEYS_MAX: usize = 50;
/// Bytes of metadata as JSON; more are a 422.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;
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
    /// 1 to 1,000.
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
    pub quantity: u32,
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
    /// Everything that is wrong with it.
    pub fn parse(request: OrderRequest, policy: &TenantPolicy, ids: &mut dyn NewIds) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let currency = parse_currency(&request.currency, policy, &mut errors);
        check_texts(&request, &mut errors);
        check_metadata(&request.metadata, "/metadata", &mut errors);
        let lines = parse_lines(&request.lines, ids, &mut errors);
        let shipping = parse_amount(request.shipping, "/shipping", &mut errors);
        let shipping_tax = parse_amount(request.shipping_tax, "/shipping_tax", &mut errors);
        let discount = parse_amount(request.discount, "/discount", &mut errors);
        let total = check_total(&Priced { lines: &lines, shipping, shipping_tax, discount }, request.expected_total, &mut errors);
        let tenders = parse_tenders(&request.payments, total, &mut errors);
        check_limits(lines.len(), total, policy, &mut errors);
        if lines.iter().any(|line| line.requires_shipping) && request.shipping_address.is_none() {
            errors.push("/shipping_address", "required", "is required, because lines need shipping");
        }
        errors.into_result()?;
        let Some(currency) = currency else { return Err(Vec::new()) };
        let contact =
            Contact { customer: request.customer, shipping_address: request.shipping_address, billing_address: request.billing_address };
        Ok(Self {
            external_reference: request.external_reference,
            currency,
            contact,
            lines,
            shipping,
            shipping_tax,
            discount,
            total,
            tenders,
            metadata: request.metadata,
        })
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

fn check_metadata(metadata: &Map<String, Value>, pointer: &str, errors: &mut FieldErrors) {
    let keys = metadata.len();
    errors.require(keys <= METADATA_KEYS_MAX, pointer, "too_many", format_args!("has {keys} members, at most {METADATA_KEYS_MAX}"));
    // A JSON object always serialises.
    let bytes = serde_json::to_string(metadata).map_or(0, |text| text.len());
    errors.require(bytes <= METADATA_BYTES_MAX, pointer, "too_large", format_args!("has {bytes} bytes, at most {METADATA_BYTES_MAX}"));
}

pub(super) fn parse_amount(minor_units: i64, pointer: impl Into<String>, errors: &mut FieldErrors) -> Amount {
    match Amount::new(minor_units) {
        Ok(amount) if !amount.is_negative() => amount,
        _ => {
            errors.push(pointer, "out_of_range", format!("must be 0 to {}, is {minor_units}", Amount::MAX));
            Amount::ZERO
        }
    }
}

fn parse_lines(requests: &[LineRequest], ids: &mut dyn NewIds, errors: &mut FieldErrors) -> Vec<Line> {
    let count = requests.len();
    errors.require((1..=LINES_MAX).contains(&count), "/lines", "length", format_args!("must have 1 to {LINES_MAX} lines, has {count}"));
    requests.iter().enumerate().take(LINES_MAX).map(|(index, request)| parse_line(index, request, ids, errors)).collect()
}

fn parse_line(index: usize, request: &LineRequest, ids: &mut dyn NewIds, errors: &mut FieldErrors) -> Line {
    let at = |member: &str| format!("/lines/{index}/{member}");
    let quantity = request.quantity;
    errors.text(&request.sku, SKU_MAX, at("sku"));
    errors.text(&request.name, TEXT_MAX, at("name"));
    let in_range = (1..=QUANTITY_MAX).contains(&quantity);
    errors.require(in_range, at("quantity"), "out_of_range", format_args!("must be 1 to {QUANTITY_MAX}, is {quantity}"));
    check_metadata(&request.metadata, &at("metadata"), errors);
    let line = Line {
        id: LineId::new(ids.next_uuid()),
        sku: request.sku.clone(),
        name: request.name.clone(),
        unit_price: parse_amount(request.unit_price, at("unit_price"), errors),
        discount: parse_amount(request.discount, at("discount"), errors),
        tax: parse_amount(request.tax, at("tax"), errors),
        requires_shipping: request.requires_shipping,
        metadata: request.metadata.clone(),
        quantities: Quantities { ordered: quantity, ..Quantities::default() },
    };
    match line.gross() {
        Ok(gross) => {
            errors.require(
                line.discount <= gross,
                at("discount"),
                "out_of_range",
                format_args!("discount {} exceeds unit_price · quantity {gross}", line.discount),
            );
        }
        Err(Overflow) => errors.push(at("unit_price"), "out_of_range", format!("unit_price · quantity: {Overflow}")),
    }
    line
}

/// The total, or zero with the errors that keep it from being one.
fn check_total(priced: &Priced<'_>, expected: Option<i64>, errors: &mut FieldErrors) -> Amount {
    let Ok(totals) = priced.totals(&Balances::default()) else {
        errors.push("", "out_of_range", format!("the total: {Overflow}"));
        return Amount::ZERO;
    };
    let discountable = priced.lines.iter().try_fold(Amount::ZERO, |sum, line| sum.plus(line.gross()?.minus(line.discount)?));
    if discountable.is_ok_and(|discountable| priced.discount > discountable) {
        errors.push("/discount", "out_of_range", format!("discount {} exceeds the lines after their own discounts", priced.discount));
        return Amount::ZERO;
    }
    if let Some(expected) = expected.filter(|expected| *expected != totals.total.minor_units()) {
        errors.push("/expected_total", "mismatch", format!("expected_total is {expected}, the order totals {}", totals.total));
    }
    totals.total
}

fn parse_tenders(requests: &[PaymentRequest], total: Amount, errors: &mut FieldErrors) -> Vec<NewTender> {
    let count = requests.len();
    errors.require(count <= TENDERS_MAX, "/payments", "too_many", format_args!("has {count} tenders, at most {TENDERS_MAX}"));
    let at = |index: usize| format!("/payments/{index}");
    let tenders: Vec<NewTender> =
        requests.iter().enumerate().map(|(index, request)| NewTender::parse(request, &at(index), errors)).collect();
    match Amount::sum(tenders.iter().map(|tender| tender.amount)) {
        Ok(sum) => errors.require(sum <= total, "/payments", "exceeds_total", format_args!("tenders of {sum} exceed the total of {total}")),
        Err(Overflow) => errors.push("/payments", "out_of_range", Overflow.to_string()),
    }
    tenders
}
