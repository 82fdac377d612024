//! The tables of the page: rows of transitions, meanings of words, postings of facts.

use crate::domain::{
    messages::MessageType,
    money::Amount,
    order::{
        place,
        transitions::{Guard, TRANSITIONS, Trigger},
    },
    payments::ledger::{self, Entry, Fact},
};

/// What stands in a cell that says nothing.
const NOTHING: &str = "–";

/// The words of a vocabulary with what they mean.
pub(super) fn meanings(heading: &str, meanings: &[(&str, &str)]) -> String {
    table([heading, "meaning"], meanings.iter().map(|(word, meaning)| [code(word), (*meaning).to_owned()]))
}

/// What can happen to an order, with the name that it bears in its history.
pub(super) fn triggers() -> String {
    let rows = Trigger::ALL.iter().zip(Trigger::MEANINGS);
    let rows = rows.map(|(trigger, (text, meaning))| [trigger.in_words().to_owned(), (*meaning).to_owned(), code(text)]);
    table(["trigger", "what happened", "in the history"], rows)
}

/// The triggers that nobody pulls.
pub(super) fn spontaneous_triggers() -> String {
    let words = Trigger::ALL.iter().filter(|trigger| trigger.is_spontaneous()).map(|trigger| format!("*{}*", trigger.in_words()));
    words.collect::<Vec<_>>().join(", ")
}

/// How an order is placed, then every row of the table of its life.
pub(super) fn transitions() -> String {
    let placed = [
        (true, "the tenant reserves stock", "`inventory.reserve`; its tenders are requested"),
        (false, "it does not", "its tenders are requested"),
    ];
    let placed = placed.map(|(reserves, guard, effects)| {
        let (status, _) = place::beginning(reserves);
        [NOTHING, "placed", guard, &code(status.as_str()), &code(MessageType::OrderCreated.as_str()), effects].map(str::to_owned)
    });
    let rows = TRANSITIONS.iter().map(|row| {
        let event = row.event.map_or_else(|| NOTHING.to_owned(), |event| code(event.as_str()));
        let guard = if row.guard == Guard::Always { NOTHING } else { row.guard.as_str() };
        let effects = if row.effects.is_empty() { NOTHING } else { row.effects };
        [&code(row.from.as_str()), row.trigger.in_words(), guard, &code(row.to.as_str()), &event, effects].map(str::to_owned)
    });
    table(["from", "trigger", "guard", "to", "event", "in the same transaction"], placed.into_iter().chain(rows))
}

/// What each fact posts over an amount x.
pub(super) fn facts(facts: &[Fact]) -> String {
    let rows = facts.iter().zip(Fact::MEANINGS).map(|(fact, (text, meaning))| {
        let postings = postings(&ledger::entries(*fact, Amount::MAX, Amount::ZERO), 'x');
        [code(text), (*meaning).to_owned(), postings]
    });
    table(["fact", "meaning", "postings"], rows)
}

/// What a capture posts beside that, when it takes y out of an authorization.
pub(super) fn released() -> String {
    postings(&ledger::entries(Fact::Captured, Amount::ZERO, Amount::MAX), 'y')
}

fn postings(entries: &[Entry], amount: char) -> String {
    let sides = entries.iter().map(|entry| {
        let sign = if entry.amount.is_negative() { '−' } else { '+' };
        format!("{sign}{amount} {}", code(entry.account.as_str()))
    });
    sides.collect::<Vec<_>>().join(", ")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn table<const COLUMNS: usize>(headings: [&str; COLUMNS], rows: impl IntoIterator<Item = [String; COLUMNS]>) -> String {
    let rows = rows.into_iter().map(|row| line(&row));
    let head = [line(&headings.map(str::to_owned)), format!("|{}", "---|".repeat(COLUMNS))];
    head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn line(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| format!(" {} |", cell.replace('|', "\\|")));
    format!("|{}", cells.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_head_and_no_cell_that_breaks_it() {
        let drawn = table(["a", "b"], [["1".to_owned(), "2 | 3".to_owned()]]);
        assert_eq!(drawn, "| a | b |\n|---|---|\n| 1 | 2 \\| 3 |");
    }

    #[test]
    fn a_row_says_who_goes_where_when_and_with_what() {
        let drawn = transitions();
        for row in [
            "| – | placed | the tenant reserves stock | `pending` | `order.created.v1` | `inventory.reserve`; its tenders are requested |",
            "| `pending` | no stock | – | `rejected` | `order.rejected.v1` | what is set aside or taken goes back |",
            "| `awaiting_payment` | stock let go | fewer than 3 attempts | `pending` | – | `inventory.reserve`, attempt + 1 |",
            "| `confirmed` | shipping accepted | – | `processing` | `order.processing.v1` | – |",
        ] {
            assert!(drawn.lines().any(|line| line == row), "{row} is not in\n{drawn}");
        }
        assert_eq!(drawn.lines().count(), 4 + TRANSITIONS.len());
    }

    #[test]
    fn postings_are_the_ledgers_own() {
        let drawn = facts(Fact::ALL);
        assert!(drawn.contains("| `placed` | The order was placed. | +x `receivable`, −x `sales` |"), "{drawn}");
        assert_eq!(released(), "+y `authorized_contra`, −y `authorized`");
    }

    #[test]
    fn what_an_order_does_by_itself_is_named() {
        assert_eq!(spontaneous_triggers(), "*money secured*, *all settled*, *all undone*");
    }
}
