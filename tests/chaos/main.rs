//! Kills, hang-ups and lost answers: nothing that was acknowledged is lost, nothing happens twice.
//!
//! Every test breaks something on purpose, in the middle of work, and then counts.

mod crash_points;
mod disconnects;
mod invariants;
mod kills;
mod planted_bugs;
