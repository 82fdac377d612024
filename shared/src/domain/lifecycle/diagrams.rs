//! The machines as Mermaid state diagrams, drawn from what decides: the table of transitions, the steps of an operation and the rule
//! of the stages.

use crate::domain::{
    fulfilment::FulfillmentStage,
    order::{place, transitions::TRANSITIONS},
    payments::{OperationState, steps::STEPS},
};

/// How Mermaid writes the point where a life begins, and the one where it ends.
const POINT: &str = "[*]";

/// From a state to a state, with what the arrow says; it may say nothing.
type Arrow = (&'static str, &'static str, &'static str);

/// The statuses of an order.
pub(super) fn order() -> String {
    let beginnings = [(true, "placed, stock to be reserved"), (false, "placed, stock policy off")];
    let mut arrows: Vec<Arrow> = beginnings.map(|(reserves, label)| (POINT, place::beginning(reserves).0.as_str(), label)).to_vec();
    arrows.extend(TRANSITIONS.iter().map(|row| (row.from.as_str(), row.to.as_str(), row.trigger.in_words())));
    draw(&arrows)
}

/// The states of an operation.
pub(super) fn operation() -> String {
    let mut arrows: Vec<Arrow> = vec![(POINT, OperationState::Requested.as_str(), "")];
    arrows.extend(STEPS.iter().map(|step| (step.from.as_str(), step.to.as_str(), step.cause)));
    draw(&arrows)
}

/// The stages of a fulfilment.
pub(super) fn fulfillment() -> String {
    let mut arrows: Vec<Arrow> = vec![(POINT, FulfillmentStage::Requested.as_str(), "")];
    for &from in FulfillmentStage::ALL {
        let next = FulfillmentStage::ALL.iter().filter(|to| is_drawn(from, **to));
        arrows.extend(next.map(|to| (from.as_str(), to.as_str(), "")));
    }
    draw(&arrows)
}

/// Any stage may be skipped, so only the way to the next one is drawn; a side exit is drawn wherever it is open.
fn is_drawn(from: FulfillmentStage, to: FulfillmentStage) -> bool {
    let is_skipping = || FulfillmentStage::ALL.iter().any(|&between| from.may_become(between) && between.may_become(to));
    from.may_become(to) && !(to.is_live() && is_skipping())
}

/// A diagram of these arrows; where no arrow leads on, a life ends.
fn draw(arrows: &[Arrow]) -> String {
    let mut ends: Vec<&str> = Vec::new();
    for (_, to, _) in arrows {
        if !ends.contains(to) && arrows.iter().all(|(from, ..)| from != to) {
            ends.push(to);
        }
    }
    let arrows = arrows.iter().copied().chain(ends.into_iter().map(|end| (end, POINT, "")));
    let lines = arrows.map(|(from, to, label)| {
        let colon = if label.is_empty() { "" } else { ": " };
        format!("    {from} --> {to}{colon}{label}\n")
    });
    format!("```mermaid\nstateDiagram-v2\n{}```", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagram_begins_where_it_is_told_and_ends_where_nothing_leads_on() {
        let drawn = draw(&[(POINT, "asleep", ""), ("asleep", "awake", "alarm"), ("awake", "gone", "bus"), ("asleep", "gone", "")]);
        let expected = "[*] --> asleep|asleep --> awake: alarm|awake --> gone: bus|asleep --> gone|gone --> [*]";
        assert_eq!(arrows(&drawn), expected.split('|').collect::<Vec<_>>());
    }

    #[test]
    fn an_order_has_an_arrow_for_every_row() {
        let drawn = order();
        for row in TRANSITIONS {
            let arrow = format!("{} --> {}: {}", row.from, row.to, row.trigger.in_words());
            assert!(arrows(&drawn).contains(&&*arrow), "{arrow}");
        }
        let ends: Vec<_> = arrows(&drawn).into_iter().filter_map(|arrow| arrow.strip_suffix(" --> [*]")).collect();
        assert_eq!(ends, ["rejected", "expired", "completed", "cancelled"]);
    }

    #[test]
    fn a_stage_leads_to_the_next_one_and_to_every_side_exit_that_is_open() {
        let drawn = fulfillment();
        let from = |stage: &str| -> Vec<&str> {
            arrows(&drawn).into_iter().filter_map(|arrow| arrow.strip_prefix(stage)?.strip_prefix(" --> ")).collect()
        };
        assert_eq!(from("requested"), ["accepted", "cancelled", "delivery_failed"]);
        assert_eq!(from("shipped"), ["delivered", "delivery_failed"]);
        assert_eq!(from("delivered"), [POINT]);
    }

    fn arrows(drawn: &str) -> Vec<&str> {
        drawn.lines().filter(|line| line.contains("-->")).map(str::trim).collect()
    }
}
