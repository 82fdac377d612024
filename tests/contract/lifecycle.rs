//! The page about the life of an order, as it is committed, is what the tables of the domain say.

use std::collections::BTreeSet;

use shared::domain::{lifecycle, order::status::OrderStatus};

const PAGE: &str = include_str!("../../docs/lifecycle.md");

#[test]
fn the_page_is_what_the_tables_say() {
    assert!(lifecycle::page() == PAGE, "docs/lifecycle.md is not as the tables say; mend it with: cargo xtask sync");
}

#[test]
fn every_status_is_reached_by_a_row_of_the_page_and_no_other_word_is() {
    let reached: BTreeSet<_> = transitions().map(|[_, to]| to).collect();
    let statuses: BTreeSet<_> = OrderStatus::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(reached, statuses);
    assert!(transitions().all(|[from, _]| from == "–" || statuses.contains(from)), "a row begins in no status");
}

/// From and to of every row of the page.
fn transitions() -> impl Iterator<Item = [&'static str; 2]> {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with("| from | trigger | guard | to |")).skip(2);
    rows.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        [cells[1], cells[4]]
    })
}
