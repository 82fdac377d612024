//! The functions stay thin: they are small and know the shared library by its outer rooms only, never the stores.

use super::Finding;
use super::source::Source;

const LIB_LINES_MAX: usize = 110;
const MAIN_LINES_MAX: usize = 8;

/// The rooms of `shared` a function may name.
const ROOMS: [&str; 8] = ["runtime", "http", "messaging", "commands", "queries", "domain", "catalog", "function"];

/// Crates that reach a store.
const STORES: [&str; 3] = ["sqlx", "redis", "lapin"];

/// Checks a source file below `functions/`.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let limit = match source.file.rsplit('/').next() {
        Some("lib.rs") => LIB_LINES_MAX,
        Some("main.rs") => MAIN_LINES_MAX,
        _ => usize::MAX,
    };
    let lines = source.text.lines().count();
    if lines > limit {
        let why = format!("{lines} lines, at most {limit}: what a function does is a command or query of `shared`");
        findings.push(source.finding_at(limit + 1, why));
    }
    for store in STORES {
        for offset in source.words(store) {
            findings.push(source.finding(offset, format!("a function must not name `{store}`: stores belong to `shared`")));
        }
    }
    for (offset, _) in source.code.match_indices("shared::") {
        let rest = source.code.get(offset + "shared::".len()..).unwrap_or_default();
        let names = match rest.strip_prefix('{') {
            Some(group) => group_members(group),
            None => vec![rest],
        };
        for name in names.into_iter().map(first_word).filter(|name| !name.is_empty() && !ROOMS.contains(name)) {
            let why = format!("a function must not import `shared::{name}`; it may: {}", ROOMS.join(", "));
            findings.push(source.finding(offset, why));
        }
    }
    findings
}

/// Checks a manifest below `functions/`: what is not a dependency cannot be named.
pub fn check_manifest(file: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().enumerate();
    let named = |line: &str| STORES.into_iter().find(|store| first_word(line) == *store);
    lines
        .filter_map(|(index, line)| {
            let why = format!("a function must not depend on `{}`: stores belong to `shared`", named(line)?);
            Some(Finding { file: file.to_owned(), line: index + 1, why })
        })
        .collect()
}

/// The members of a use group whose opening brace has been read.
fn group_members(group: &str) -> Vec<&str> {
    let mut members = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (offset, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => {
                members.extend(group.get(start..offset));
                break;
            }
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                members.extend(group.get(start..offset));
                start = offset + 1;
            }
            _ => {}
        }
    }
    members
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{check, check_manifest};
    use crate::tidy::source::Source;

    fn whys(text: &str) -> Vec<String> {
        let source = Source::new("functions/http/x/src/lib.rs", text);
        check(&source).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn the_outer_rooms_are_fine() {
        assert_eq!(whys("use shared::{http::{Call, Reply}, catalog,\n commands::place_order};"), Vec::<String>::new());
    }

    #[test]
    fn stores_are_not() {
        assert!(whys("\nuse shared::db::TenantTx;")[0].contains("x/src/lib.rs:2: a function must not import `shared::db`"));
        assert_eq!(whys("use shared::{http, cache::get};").len(), 1);
        assert_eq!(whys("fn f() { sqlx::query(\"\") }").len(), 1);
        assert_eq!(check_manifest("functions/http/x/Cargo.toml", "[dependencies]\nredis.workspace = true\n")[0].line, 2);
    }

    #[test]
    fn long_functions_are_told() {
        assert!(whys(&"\n".repeat(111))[0].contains("111 lines, at most 110"));
        let main = Source::new("functions/http/x/src/main.rs", "\n".repeat(9));
        assert_eq!(check(&main).len(), 1);
    }
}
