//! The relay and a consumer beside a program that does nothing but publish and acknowledge, and how long an event is on its way.

mod broker;
mod consumer;
mod journey;
mod relay;

use std::time::Duration;

use crate::{Arguments, measured::median};

/// One measurement beside its floor, in the same round.
#[derive(Debug, Clone, Copy)]
struct Pair {
    /// Messages a second of the floor.
    floor: f64,
    /// Messages a second of the service.
    service: f64,
    /// CPU time of the service's own process for one message.
    own_cpu_us: f64,
    /// CPU time of all PostgreSQL processes for one message.
    postgres_cpu_us: f64,
}

/// Measures everything in rounds and prints the table.
pub async fn run(arguments: &Arguments) {
    let (mut relay, mut consumed, mut journeys) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let of = arguments.rounds;
        eprintln!("round {round} of {of}: the relay");
        relay.push(relay::measure().await);
        eprintln!("round {round} of {of}: a consumer");
        consumed.push(consumer::measure().await);
        eprintln!("round {round} of {of}: from change to event");
        journeys.push(journey::measure(Duration::from_secs(arguments.seconds)).await);
    }
    println!("| measured | floor /s | service /s | ratio | own CPU µs | PostgreSQL CPU µs |\n|---|---|---|---|---|---|");
    print("relay, beside publishing with 256 confirms outstanding", relay.iter().copied());
    let news = consumed.iter().map(|consumed| consumed.news);
    let repeats = consumed.iter().map(|consumed| consumed.repeats);
    let over_noting = |pair: Pair, consumed: &consumer::Consumed| Pair { floor: consumed.noted, ..pair };
    print("consumer, news that changes an order, beside acknowledging", news.clone());
    print("the same, beside noting 50 ids a transaction and acknowledging", news.zip(&consumed).map(|(pair, one)| over_noting(pair, one)));
    print("consumer, news that its order knows already, beside acknowledging", repeats.clone());
    print(
        "the same, beside noting 50 ids a transaction and acknowledging",
        repeats.zip(&consumed).map(|(pair, one)| over_noting(pair, one)),
    );
    let middle = |value: fn(&journey::Journey) -> f64| median(journeys.iter().map(value));
    println!(
        "\nfrom an order's change to its event at a consumer, at {} orders/s: p50 {:.1} ms, p99 {:.1} ms ({:.0} orders/s were placed)",
        journey::ORDERS_PER_SECOND,
        middle(|journey| journey.p50_ms),
        middle(|journey| journey.p99_ms),
        middle(|journey| journey.placed_per_second),
    );
}

fn print(what: &str, pairs: impl Iterator<Item = Pair>) {
    let pairs: Vec<Pair> = pairs.collect();
    let middle = |value: fn(&Pair) -> f64| median(pairs.iter().map(value));
    let ratio = middle(|pair| pair.service / pair.floor);
    println!(
        "| {what} | {:.0} | {:.0} | {ratio:.2} | {:.0} | {:.0} |",
        middle(|pair| pair.floor),
        middle(|pair| pair.service),
        middle(|pair| pair.own_cpu_us),
        middle(|pair| pair.postgres_cpu_us),
    );
}
