//! The table that a run prints, and what of it keeps the bar.

use std::fmt;

use super::{GROWTH_MAX, STEPS_SLACK, side::Cost};

/// One question on both sides.
pub struct Row {
    pub name: &'static str,
    pub few: Cost,
    pub many: Cost,
}

impl Row {
    /// Whether neither figure has grown beyond the bar.
    pub fn holds(&self) -> bool {
        let steps_max = (self.few.steps * GROWTH_MAX).max(self.few.steps + STEPS_SLACK);
        self.many.cpu_us <= self.few.cpu_us * GROWTH_MAX && self.many.steps <= steps_max
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, few, many } = self;
        let verdict = if self.holds() { "" } else { "**beyond**" };
        write!(f, "| {name} | {:.0} → {:.0} | {:.1} → {:.1} | ", few.pages, many.pages, few.steps, many.steps)?;
        write!(f, "{:.2} | {:.0} → {:.0} | ", many.steps / few.steps, few.cpu_us, many.cpu_us)?;
        write!(f, "{:.2} | {verdict} |", many.cpu_us / few.cpu_us)
    }
}
