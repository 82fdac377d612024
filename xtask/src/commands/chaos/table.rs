//! Crashes as the tests tell of them, and the table point × operation that is made of them.

use std::collections::BTreeMap;
use std::fmt;

/// One crash and how it went.
#[derive(Debug, PartialEq, Eq)]
pub struct Crash<'a> {
    point: &'a str,
    operation: &'a str,
    held: bool,
    /// As it was told: `0.4 s`.
    duration: &'a str,
}

impl<'a> Crash<'a> {
    /// Reads `crash at <point> of <operation>: held in 0.4 s`, which may stand behind what the test runner says.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (_, crash) = line.split_once("crash at ")?;
        let (point, rest) = crash.split_once(" of ")?;
        let (operation, rest) = rest.split_once(": ")?;
        let (outcome, duration) = rest.split_once(" in ")?;
        Some(Self { point, operation, held: outcome == "held", duration })
    }
}

impl fmt::Display for Crash<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { point, operation, duration, .. } = self;
        write!(f, "{point:<26} {operation:<18} {:<6} {duration:>6}", outcome(self.held))
    }
}

const fn outcome(held: bool) -> &'static str {
    if held { "held" } else { "FAILED" }
}

/// What was killed where, and whether everything held every time.
pub struct Table<'a> {
    points: &'a [&'a str],
    /// In the order in which they were first seen.
    operations: Vec<String>,
    held: BTreeMap<(String, String), bool>,
}

impl<'a> Table<'a> {
    /// An empty one with these points as rows.
    pub const fn new(points: &'a [&'a str]) -> Self {
        Self { points, operations: Vec::new(), held: BTreeMap::new() }
    }

    /// Notes one crash.
    pub fn add(&mut self, crash: &Crash<'_>) {
        if !self.operations.iter().any(|operation| operation == crash.operation) {
            self.operations.push(crash.operation.to_owned());
        }
        let held = self.held.entry((crash.point.to_owned(), crash.operation.to_owned())).or_insert(true);
        *held &= crash.held;
    }

    fn cell(&self, point: &str, operation: &str) -> &'static str {
        self.held.get(&(point.to_owned(), operation.to_owned())).map_or("·", |held| outcome(*held))
    }
}

impl fmt::Display for Table<'_> {
    /// Operations are columns by number, because their names are long; below it says which is which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |head: &str, cells: Vec<String>| format!("{head:<26} {}", cells.join(" ")).trim_end().to_owned();
        let numbers = (1..=self.operations.len()).map(|number| format!("{number:<6}")).collect();
        writeln!(f, "{}", row("", numbers))?;
        for point in self.points.iter().filter(|point| self.held.keys().any(|(killed, _)| killed == *point)) {
            let cells = self.operations.iter().map(|operation| format!("{:<6}", self.cell(point, operation))).collect();
            writeln!(f, "{}", row(point, cells))?;
        }
        let legend: Vec<String> = (1..).zip(&self.operations).map(|(number, operation)| format!("{number} {operation}")).collect();
        let held = self.held.values().filter(|held| **held).count();
        write!(f, "\n{}\n{held} of {} combinations held", legend.join(" · "), self.held.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Crash, Table};

    #[test]
    fn a_crash_is_read_wherever_it_stands_in_a_line() {
        let crash = Crash::parse("test crash_points::x ... crash at relay_before_mark of publish: held in 0.4 s").unwrap();
        assert_eq!(crash, Crash { point: "relay_before_mark", operation: "publish", held: true, duration: "0.4 s" });
        assert_eq!(Crash::parse("running 12 tests"), None);
    }

    #[test]
    fn a_combination_held_only_if_it_held_every_time() {
        let mut table = Table::new(&["a", "b", "c"]);
        for line in [
            "crash at b of x: held in 1 s",
            "crash at b of x: FAILED in 1 s",
            "crash at a of y: held in 1 s",
            "crash at a of y: held in 1 s",
        ] {
            table.add(&Crash::parse(line).unwrap());
        }
        let text = table.to_string();
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[..3], [vec!["1", "2"], vec!["a", "·", "held"], vec!["b", "FAILED", "·"]]);
        assert!(text.ends_with("1 x · 2 y\n1 of 2 combinations held"), "{text}");
    }
}
