//! The rings of `shared`: a room imports only from rings further in, so that the domain knows of no store and no store of
//! HTTP. A room is a module of the crate's root.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::source::Source;

/// The rooms of each ring, from the inside out; docs/ARCHITECTURE.md says what each is for.
const RINGS: [&[&str]; 6] = [
    &["domain"],
    &NEIGHBOURS,
    &["db", "cache", "signature"],
    &["commands", "queries", "auth", "live", "partners"],
    &["messaging", "http"],
    &["runtime"],
];

/// The one ring whose rooms may import each other, as long as there is no circle.
const NEIGHBOURS: [&str; 10] =
    ["backoff", "breaker", "chaos", "config", "secrets", "telemetry", "clock", "cloudevents", "catalog", "function"];

/// The room that exists in tests only. It stands in no ring: tests of every room use it, and it uses none.
const TESTS_ONLY: &str = "fuzz";

/// The one way beside: a use case calls a partner, between its transactions.
const BESIDE: (&str, &str) = ("commands", "partners");

/// One import: from a room to another, and where.
struct Import<'a> {
    source: &'a Source,
    offset: usize,
    from: String,
    to: String,
}

/// Checks every file of `shared/src`; `lib.rs` only opens the rooms and is in none.
pub fn check(sources: &[&Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut imports = Vec::new();
    let mut strangers = BTreeSet::new();
    for source in sources {
        let Some(room) = room_of(&source.file) else {
            continue;
        };
        if ring(room).is_none() {
            if strangers.insert(room) {
                let why = format!("room `{room}` stands in no ring; add it to RINGS in xtask/src/tidy/rings.rs");
                findings.push(source.finding(0, why));
            }
            continue;
        }
        for (offset, to) in crate_paths(source) {
            if to != room {
                imports.push(Import { source, offset, from: room.to_owned(), to });
            }
        }
        findings.extend(climbs_out(source));
    }
    findings.extend(imports.iter().filter_map(|import| {
        let why = objection(&import.from, &import.to)?;
        Some(import.source.finding(import.offset, why))
    }));
    findings.extend(circles(&imports));
    findings
}

/// `shared/src/db/orders.rs` and `shared/src/db.rs` belong to `db`.
fn room_of(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("shared/src/")?;
    let room = inside.split('/').next()?;
    let room = room.strip_suffix(".rs").unwrap_or(room);
    (room != "lib" && room != TESTS_ONLY).then_some(room)
}

fn ring(room: &str) -> Option<usize> {
    RINGS.iter().position(|rooms| rooms.contains(&room))
}

/// Why `from` may not import from `to`, if it may not.
fn objection(from: &str, to: &str) -> Option<String> {
    let (from_ring, to_ring) = (ring(from)?, ring(to)?);
    if to_ring < from_ring || (from, to) == BESIDE || (NEIGHBOURS.contains(&from) && NEIGHBOURS.contains(&to)) {
        return None;
    }
    let how = if to_ring == from_ring { "beside it in" } else { "further out, in" };
    Some(format!("`{from}` (ring {from_ring}) imports from `{to}`, which is {how} ring {to_ring}: imports point inward"))
}

/// The rooms named by `crate::room` and `crate::{room, …}`, with the place of each.
fn crate_paths(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for offset in source.words("crate") {
        let Some(rest) = source.code.get(offset..).and_then(|rest| rest.strip_prefix("crate::")) else {
            continue;
        };
        let names = match rest.strip_prefix('{') {
            Some(group) => first_names(group),
            None => vec![leading_name(rest)],
        };
        found.extend(names.into_iter().filter(|name| ring(name).is_some()).map(|name| (offset, name)));
    }
    found
}

/// The first name of each member of a use group whose opening brace has been read.
fn first_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut member = String::new();
    for letter in group.chars() {
        match letter {
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            '{' => depth += 1,
            ',' if depth == 0 => names.push(leading_name(&std::mem::take(&mut member))),
            other => member.push(other),
        }
    }
    names.push(leading_name(&member));
    names
}

fn leading_name(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// `super::super::…` that leaves the room would be an import this check cannot see.
fn climbs_out(source: &Source) -> Vec<Finding> {
    let inside = source.file.trim_start_matches("shared/src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = inside.split('/').count();
    let mut findings = Vec::new();
    for (offset, _) in source.code.match_indices("super::") {
        let before = source.code.get(..offset).unwrap_or_default();
        if before.ends_with("::") {
            continue;
        }
        let steps = source.code.get(offset..).unwrap_or_default().split("::").take_while(|part| *part == "super").count();
        // Inside braces there may be one more module around: that of the tests.
        let nested = usize::from(before.matches('{').count() > before.matches('}').count());
        if steps >= depth + nested {
            findings.push(source.finding(offset, "`super` leaves the room; name the other room from `crate::`"));
        }
    }
    findings
}

/// Rooms that import each other, directly or around a corner: each circle once, at one of its imports.
fn circles(imports: &[Import<'_>]) -> Vec<Finding> {
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        edges.entry(&import.from).or_default().insert(&import.to);
    }
    let mut told: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    let mut findings = Vec::new();
    for import in imports {
        let Some(back) = path(&edges, &import.to, &import.from) else {
            continue;
        };
        if told.insert(back.iter().copied().collect()) {
            let why = format!("rooms import each other in a circle: {} → {}", import.from, back.join(" → "));
            findings.push(import.source.finding(import.offset, why));
        }
    }
    findings
}

/// The shortest way along the imports, both ends included.
fn path<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::from([from]);
    let mut ways = std::collections::VecDeque::from([vec![from]]);
    while let Some(way) = ways.pop_front() {
        let last = *way.last()?;
        if last == to {
            return Some(way);
        }
        for next in edges.get(last).into_iter().flatten() {
            if seen.insert(next) {
                ways.push_back(way.iter().copied().chain([*next]).collect());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::source::Source;

    fn whys(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files.iter().map(|(file, text)| Source::new(*file, *text)).collect();
        check(&sources.iter().collect::<Vec<_>>()).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn inward_is_fine() {
        let text = "use crate::{db::{self, http}, domain::orders};\nuse crate::clock::now;";
        assert_eq!(whys(&[("shared/src/commands/place.rs", text)]), Vec::<String>::new());
    }

    #[test]
    fn outward_and_sideways_are_not() {
        let found = whys(&[("shared/src/domain/orders.rs", "\nuse crate::db::orders;")]);
        assert!(found[0].starts_with("shared/src/domain/orders.rs:2: `domain` (ring 0) imports from `db`"), "{found:?}");
        assert_eq!(whys(&[("shared/src/db.rs", "fn f() { crate::cache::get() }")]).len(), 1);
        assert_eq!(whys(&[("shared/src/queries/x.rs", "use crate::{domain, commands::y};")]).len(), 1);
        assert_eq!(whys(&[("shared/src/db.rs", "// crate::cache::get()")]).len(), 0);
    }

    #[test]
    fn neighbours_may_but_not_in_a_circle() {
        let clock = ("shared/src/clock.rs", "use crate::config::X;");
        assert_eq!(whys(&[clock]).len(), 0);
        let found = whys(&[clock, ("shared/src/config.rs", "use crate::secrets::Y;"), ("shared/src/secrets.rs", "use crate::clock::Z;")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("clock → config → secrets → clock"), "{found:?}");
    }

    #[test]
    fn a_room_without_a_ring_is_told_once() {
        let found = whys(&[("shared/src/utils/a.rs", ""), ("shared/src/utils/b.rs", "")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`utils` stands in no ring"));
    }

    #[test]
    fn super_must_not_leave_the_room() {
        assert_eq!(whys(&[("shared/src/db/orders.rs", "use super::super::cache::get;")]).len(), 1);
        assert_eq!(whys(&[("shared/src/db/orders.rs", "use super::rows;\nmod tests { use super::super::rows; }")]).len(), 0);
        assert_eq!(whys(&[("shared/src/clock.rs", "mod tests { use super::now; }")]).len(), 0);
    }
}
