//! Kills, hang-ups and lost answers: nothing that was acknowledged is lost, nothing happens twice.
//!
//! Every test breaks something on purpose, in the middle of work, and then counts.

mod disconnects;
mod kills;
