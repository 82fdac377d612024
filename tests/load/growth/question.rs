//! What is asked: every filter of list-orders alone, with values of which there are many, few, none, or none since long ago; pages that lie
//! deep; an order; a new order.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tests::raw_id;

use super::side::Side;
use crate::client::{Load, Traffic};

/// Of ten orders seven are the tenant's (`fill.sql`).
pub const SHARE: f64 = 0.7;
/// The moment in the middle of the two years.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Old enough for a page to lie deep, and late enough for a page of what few orders have to be left before it.
const QUARTER: SignedDuration = SignedDuration::from_hours(91 * 24);
/// A hundredth of the two years, so that there is a page of it on either side.
const WEEK: SignedDuration = SignedDuration::from_hours(2 * 365 * 24 / 100);

/// One question, which has the same answer on both sides but for names.
pub struct Question {
    pub name: &'static str,
    asks: Asks,
}

enum Asks {
    /// The first page of 50 of this query.
    Page(&'static str),
    /// The page after it.
    NextPage(&'static str),
    /// An order of three lines, paid and delivered, a year ago.
    Order(&'static str),
    /// A new order.
    Place,
}

/// The page of this filter.
const fn page(name: &'static str, filter: &'static str) -> Question {
    Question { name, asks: Asks::Page(filter) }
}

pub const ALL: [Question; 37] = [
    page("newest", ""),
    Question { name: "the page after it", asks: Asks::NextPage("") },
    page("until a year ago", "&created_to={year_ago}"),
    Question { name: "the page after it", asks: Asks::NextPage("&created_to={year_ago}") },
    page("of a week a year ago", "&created_from={year_ago}&created_to={week_after}"),
    page("status: most", "&status=completed"),
    page("status: few", "&status=rejected"),
    page("status: the oldest", "&status=processing"),
    page("status: none", "&status=expired"),
    page("status: most, until a year ago", "&status=completed&created_to={year_ago}"),
    page("status: few, until a quarter ago", "&status=rejected&created_to={quarter_ago}"),
    page("status: the oldest, of the last year", "&status=processing&created_from={year_ago}"),
    Question { name: "status: most, the page after", asks: Asks::NextPage("&status=completed&created_to={year_ago}") },
    page("payment_status: most", "&payment_status=paid"),
    page("payment_status: few", "&payment_status=partially_refunded"),
    page("payment_status: the oldest", "&payment_status=overpaid"),
    page("payment_status: only another tenant's", "&payment_status=failed"),
    page("fulfillment_status: most", "&fulfillment_status=delivered"),
    page("fulfillment_status: few", "&fulfillment_status=unfulfilled"),
    page("fulfillment_status: the oldest", "&fulfillment_status=partially_fulfilled"),
    page("fulfillment_status: none", "&fulfillment_status=shipped"),
    page("return_status: most", "&return_status=none"),
    page("return_status: few", "&return_status=returned"),
    page("return_status: the oldest", "&return_status=requested"),
    page("return_status: none", "&return_status=partially_returned"),
    page("customer_reference: each hundredth", "&customer_reference=cus_market"),
    page("customer_reference: ten", "&customer_reference=cus_17"),
    page("customer_reference: none", "&customer_reference=cus_nobody"),
    page("customer_email: each hundredth", "&customer_email=cmarket%40example.com"),
    page("customer_email: the same, until a quarter ago", "&customer_email=cmarket%40example.com&created_to={quarter_ago}"),
    page("customer_email: ten", "&customer_email=c17%40example.com"),
    page("customer_email: none", "&customer_email=nobody%40example.com"),
    page("number", "&number={number}"),
    page("external_reference", "&external_reference=cart-{number}"),
    Question { name: "get-order", asks: Asks::Order("") },
    Question { name: "get-order, everything expanded", asks: Asks::Order("?expand=payments,fulfillments,returns") },
    Question { name: "create-order", asks: Asks::Place },
];

impl Question {
    /// One client that asks it of a side, again and again.
    pub async fn load(&self, side: &Side) -> Load {
        let key = side.caller.key.clone();
        let traffic = match self.asks {
            Asks::Page(filter) => Traffic::Read(key, first_page(side, filter)),
            Asks::NextPage(filter) => {
                let answer = side.caller.get(&first_page(side, filter)).send().await.expect(200);
                let next = answer.header("link").trim_start_matches('<').split_once('>').map(|(next, _)| next.to_owned());
                Traffic::Read(key, next.expect("there are more orders than one page"))
            }
            Asks::Order(expand) => Traffic::Read(key, format!("/v1/orders/{}{expand}", order_of(side).await)),
            Asks::Place => Traffic::PlaceOrders(key),
        };
        Load { url: side.stack.url(), traffic, clients: 1, length: Duration::ZERO, each_every: None }
    }
}

fn first_page(side: &Side, filter: &str) -> String {
    let year_ago = side.filled_at - YEAR;
    let names = [
        ("{year_ago}", second_of(year_ago)),
        ("{week_after}", second_of(year_ago + WEEK)),
        ("{quarter_ago}", second_of(side.filled_at - QUARTER)),
        // A number that ends with 0 is the tenant's.
        ("{number}", (side.orders / 20 * 10).to_string()),
    ];
    let filter = names.iter().fold(filter.to_owned(), |filter, (name, value)| filter.replace(name, value));
    format!("/v1/orders?limit=50{filter}")
}

fn second_of(moment: Timestamp) -> String {
    moment.strftime("%FT%TZ").to_string()
}

async fn order_of(side: &Side) -> String {
    let tenant = raw_id(&side.caller.key.tenant_id);
    let wanted = format!("tenant_id = '{tenant}' AND status = 'completed' AND number % 3 = 2 AND number > {}", side.orders / 2);
    let id = side.stack.sql().value(&format!("SELECT id FROM orders WHERE {wanted} ORDER BY number LIMIT 1")).await;
    format!("ord_{}", id.as_str().unwrap().replace('-', ""))
}
