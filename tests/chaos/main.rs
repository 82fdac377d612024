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
