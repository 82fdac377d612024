//! Kills, hang-ups, lost answers and races: nothing that was acknowledged is lost, nothing happens twice.
//!
//! Every test breaks something on purpose, or does two things at once, in the middle of work, and then counts.

mod broker;
mod crash_points;
mod disconnects;
mod invariants;
mod killers;
mod kills;
mod planted_bugs;
mod races;
mod redis_away;
mod redis_cluster;
mod swarms;

/// A number of the environment, with which a test does more than it does otherwise.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
