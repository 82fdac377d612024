//! What list-orders, get-order and create-order cost PostgreSQL among a million orders, beside what they cost among ten thousand.
//!
//! The bar is 1.2 times, for each question by itself, and it is held against two figures:
//!
//! - **CPU time** of the session that answers, a request: the least of the rounds, since whatever else runs on the machine only adds to it. A
//!   question beyond the bar is measured again before it counts.
//! - **Pages** that were looked at, which are exact. A B-tree of a million entries has a level more than one of ten thousand, and each descent
//!   looks at a page more: that is the growth by the logarithm that is wanted, so an index's pages count by its levels (`steps`). Where rows
//!   and entries happen to begin on a page is worth a few steps either way ([`STEPS_SLACK`]), which a scan that grows leaves behind at once.
//!
//! What is asked is asked again and again and lies in memory: how much of the rest does is the machine's matter.

mod question;
mod side;
mod table;

use std::time::Duration;

use self::{
    question::Question,
    side::{Cost, Side},
    table::Row,
};
use crate::{Arguments, client::Load};

/// Orders of the smaller side.
const FEW: u64 = 10_000;
/// How often cost may grow.
const GROWTH_MAX: f64 = 1.2;
/// Beyond it, so many steps more are no growth but the luck of pages.
const STEPS_SLACK: f64 = 4.0;
/// Requests of a measurement: more than half a second of CPU time, which Linux counts by the hundredth.
const REQUESTS: usize = 1_000;
/// They are sent for so long, again and again until there are as many.
const SLICE: Duration = Duration::from_millis(500);
/// How often a question beyond the bar is measured in all: load of somebody else on this machine is no growth.
const ATTEMPTS: usize = 3;

/// Fills two databases, measures every question in both, in alternation, and prints the table; whether all keep the bar.
pub async fn run(arguments: &Arguments) -> bool {
    let few = Side::fill(FEW).await;
    let many = Side::fill(arguments.orders).await;
    println!("| {} | pages | steps | growth | CPU µs | growth | |\n|---|---|---|---|---|---|---|", title(&many));
    let mut holds = true;
    let is_asked = |question: &&Question| arguments.words.is_empty() || arguments.words.iter().any(|word| question.name.contains(&**word));
    for question in question::ALL.iter().filter(is_asked) {
        let loads = [question.load(&few).await, question.load(&many).await];
        let mut row = measure(question, arguments.rounds, &few, &many, &loads).await;
        for _ in 1..ATTEMPTS {
            if !row.holds() {
                row = measure(question, arguments.rounds, &few, &many, &loads).await;
            }
        }
        println!("{row}");
        holds &= row.holds();
    }
    few.forget_messages().await;
    many.forget_messages().await;
    holds
}

fn title(many: &Side) -> String {
    format!("{FEW} → {} orders, {:.0} % of them the tenant's", many.orders, question::SHARE * 100.0)
}

async fn measure(question: &Question, rounds: usize, few: &Side, many: &Side, loads: &[Load; 2]) -> Row {
    let mut costs = Vec::new();
    for _ in 0..rounds {
        costs.push([few.measure(&loads[0]).await, many.measure(&loads[1]).await]);
    }
    let least = |side: usize, value: fn(&Cost) -> f64| costs.iter().map(|pair| value(&pair[side])).fold(f64::INFINITY, f64::min);
    let cost = |side| Cost {
        pages: least(side, |cost| cost.pages),
        steps: least(side, |cost| cost.steps),
        cpu_us: least(side, |cost| cost.cpu_us),
    };
    Row { name: question.name, few: cost(0), many: cost(1) }
}
