//! Orders as rows of comma-separated values (RFC 4180): a row of names, then one row an order. Amounts are whole minor units of the
//! row's currency, moments are RFC 3339, what there is not is empty.
//!
//! A spreadsheet takes a text that begins like a formula for one (OWASP, CSV injection), and such a text may come from anybody who
//! places an order. It is written with an apostrophe before it, and so is a text that begins with an apostrophe: whoever takes one off
//! has what was stored.

use std::borrow::Cow;

use ::csv::{Terminator, Writer, WriterBuilder};

use crate::{
    domain::{
        money::Overflow,
        order::{Order, Totals},
    },
    http::Problem,
};

/// What a text must not begin with in a spreadsheet: formulas, also in full width, what programs pass over before one, and the mark
/// itself.
const MARKED: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '\''];

/// Something that can be shown in a row.
type Show = for<'o> fn(&'o Order, &Totals) -> Cell<'o>;

/// One value of a row.
enum Cell<'o> {
    /// A number, a moment or a word of ours.
    Ours(String),
    /// A text of the caller's, if there is one.
    Text(Option<&'o str>),
}

/// The columns, in order. One is added at the end; none changes its name or place.
const COLUMNS: &[(&str, Show)] = &[
    ("id", |order, _| ours(order.id)),
    ("number", |order, _| ours(order.number)),
    ("external_reference", |order, _| Cell::Text(order.external_reference.as_deref())),
    ("version", |order, _| ours(order.version)),
    ("status", |order, _| ours(order.status)),
    ("payment_status", |order, _| ours(order.payment_status)),
    ("fulfillment_status", |order, _| ours(order.fulfillment_status)),
    ("return_status", |order, _| ours(order.return_status)),
    ("currency", |order, _| ours(order.currency.code())),
    ("total_lines", |_, totals| ours(totals.lines)),
    ("total_discount", |_, totals| ours(totals.discount)),
    ("total_shipping", |_, totals| ours(totals.shipping)),
    ("total_tax", |_, totals| ours(totals.tax)),
    ("total", |_, totals| ours(totals.total)),
    ("authorized", |_, totals| ours(totals.authorized)),
    ("captured", |_, totals| ours(totals.captured)),
    ("refunded", |_, totals| ours(totals.refunded)),
    ("balance_due", |_, totals| ours(totals.balance_due)),
    ("refundable", |_, totals| ours(totals.refundable)),
    ("lines", |order, _| ours(order.lines.len())),
    ("customer_reference", |order, _| Cell::Text(order.contact.customer.reference.as_deref())),
    ("customer_email", |order, _| Cell::Text(order.contact.customer.email.as_deref())),
    ("customer_name", |order, _| Cell::Text(order.contact.customer.name.as_deref())),
    ("shipping_name", |order, _| Cell::Text(order.contact.shipping_address.as_ref().map(|address| &*address.name))),
    ("shipping_line1", |order, _| Cell::Text(order.contact.shipping_address.as_ref().map(|address| &*address.line1))),
    ("shipping_line2", |order, _| Cell::Text(order.contact.shipping_address.as_ref().and_then(|address| address.line2.as_deref()))),
    ("shipping_postal_code", |order, _| Cell::Text(order.contact.shipping_address.as_ref().map(|address| &*address.postal_code))),
    ("shipping_city", |order, _| Cell::Text(order.contact.shipping_address.as_ref().map(|address| &*address.city))),
    ("shipping_region", |order, _| Cell::Text(order.contact.shipping_address.as_ref().and_then(|address| address.region.as_deref()))),
    ("shipping_country", |order, _| Cell::Text(order.contact.shipping_address.as_ref().map(|address| &*address.country))),
    ("created_at", |order, _| ours(order.created_at)),
    ("updated_at", |order, _| ours(order.updated_at)),
];

fn ours<'o>(value: impl ToString) -> Cell<'o> {
    Cell::Ours(value.to_string())
}

fn writer(piece: &mut Vec<u8>) -> Writer<&mut Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(piece)
}

/// The row of names.
pub(super) fn head() -> Vec<u8> {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    format!("{}\r\n", names.join(",")).into()
}

/// The row of an order.
///
/// # Errors
/// 500 when its sums overflow, which those of an order that was placed do not.
pub(super) fn write(order: &Order, piece: &mut Vec<u8>) -> Result<(), Problem> {
    let totals = order.totals().map_err(|error: Overflow| Problem::internal(error))?;
    let mut writer = writer(piece);
    for (_, show) in COLUMNS {
        let value = match show(order, &totals) {
            Cell::Ours(value) => Cow::Owned(value),
            Cell::Text(text) => marked(text.unwrap_or_default()),
        };
        writer.write_field(&*value).map_err(Problem::internal)?;
    }
    writer.write_record(None::<&[u8]>).map_err(Problem::internal)?;
    writer.flush().map_err(Problem::internal)
}

/// The text as a spreadsheet may see it.
fn marked(text: &str) -> Cow<'_, str> {
    if text.starts_with(MARKED) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader does who wants what was stored.
    fn read(cell: &str) -> &str {
        cell.strip_prefix('\'').unwrap_or(cell)
    }

    #[test]
    fn no_text_begins_like_a_formula_and_every_text_can_be_read_again() {
        for text in ["=1+1", "+43 1 234", "-1", "@SUM(A1)", "＝1", "'quoted", "''", "Kim", "", "1-1", "a=b", "Zoë 🍵", "a,\"b\""] {
            let cell = marked(text);
            assert!(!cell.starts_with(&MARKED[..11]), "{cell}");
            assert_eq!(read(&cell), text);
        }
    }

    #[test]
    fn names_of_columns_are_words_and_no_two_are_the_same() {
        let names = String::from_utf8(head()).unwrap();
        let names: Vec<&str> = names.trim_end().split(',').collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'1' | b'2'))), "{names:?}");
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
    }
}
