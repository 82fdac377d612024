//! The life of an order for people: `docs/lifecycle.md`, printed from the tables that the code obeys.
//!
//! The prose is `page.md`. Where it says `{name}`, the part of that name stands in the page: `diagrams` draws the machines, `tables`
//! lists the rows, the vocabularies and the postings. Nothing is decided here.

mod diagrams;
mod tables;

use self::tables::meanings;
use super::{
    fulfilment::FulfillmentStage,
    order::{
        actions::{Action, Obstacle},
        status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus},
    },
    payments::{
        OperationKind, OperationState,
        ledger::{Account, Fact},
        operation::Attention,
    },
};

const PAGE: &str = include_str!("page.md");

/// What stands in the page for each name.
const PARTS: &[(&str, fn() -> String)] = &[
    ("order diagram", diagrams::order),
    ("statuses", || meanings("status", OrderStatus::MEANINGS)),
    ("triggers", tables::triggers),
    ("spontaneous triggers", tables::spontaneous_triggers),
    ("transitions", tables::transitions),
    ("payment statuses", || meanings("`payment_status`", PaymentStatus::MEANINGS)),
    ("fulfillment statuses", || meanings("`fulfillment_status`", FulfillmentStatus::MEANINGS)),
    ("return statuses", || meanings("`return_status`", ReturnStatus::MEANINGS)),
    ("actions", || meanings("action", Action::MEANINGS)),
    ("obstacles", || meanings("reason", Obstacle::MEANINGS)),
    ("operation kinds", || meanings("kind", OperationKind::MEANINGS)),
    ("operation diagram", diagrams::operation),
    ("operation states", || meanings("state", OperationState::MEANINGS)),
    ("attentions", || meanings("reason", Attention::MEANINGS)),
    ("accounts", || meanings("account", Account::MEANINGS)),
    ("facts", || tables::facts(Fact::ALL)),
    ("released", tables::released),
    ("fulfillment diagram", diagrams::fulfillment),
    ("fulfillment stages", || meanings("stage", FulfillmentStage::MEANINGS)),
];

/// The whole page, as it is committed.
pub fn page() -> String {
    PARTS.iter().fold(PAGE.to_owned(), |page, (name, part)| page.replace(&slot(name), &part()))
}

fn slot(name: &str) -> String {
    format!("{{{name}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_one_place_in_the_page() {
        for (name, _) in PARTS {
            assert_eq!(PAGE.matches(&slot(name)).count(), 1, "{name}");
        }
    }

    #[test]
    fn no_place_of_the_page_is_left_empty() {
        let page = page();
        assert!(!page.contains(['{', '}']), "{page}");
    }

    #[test]
    fn the_page_says_what_every_word_means() {
        let page = page();
        for (word, meaning) in [OrderStatus::MEANINGS, Action::MEANINGS, Obstacle::MEANINGS, OperationState::MEANINGS].concat() {
            assert!(page.contains(&format!("| `{word}` | {meaning} |")), "{word}");
        }
    }
}
