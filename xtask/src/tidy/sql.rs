//! SQL lives in one room, `shared/src/db`, where a test PREPAREs every statement. Migrations and tests have their own.

use super::Finding;
use super::source::Source;

/// How a statement begins; upper case, as ours are written.
const OPENINGS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];

/// Where statements may stand. xtask speaks to a server from outside, as an administrator.
const PLACES: [&str; 4] = ["shared/src/db/", "shared/src/db.rs", "tests/", "xtask/"];

/// Finds statements outside of their places.
pub fn check(source: &Source) -> Vec<Finding> {
    if PLACES.iter().any(|place| source.file.starts_with(place)) {
        return Vec::new();
    }
    let statement = |text: &str| {
        let text = text.trim_start();
        OPENINGS
            .iter()
            .any(|opening| text.strip_prefix(opening).is_some_and(|rest| rest.starts_with(char::is_whitespace) || rest.starts_with('\\')))
    };
    let found = source.strings.iter().filter(|(_, text)| statement(text));
    found.map(|(line, _)| source.finding_at(*line, "SQL outside of shared/src/db, where no test would PREPARE it")).collect()
}

/// A statement file must open with a comment that says what it is for.
pub fn check_file(file: &str, text: &str) -> Vec<Finding> {
    if text.starts_with("--") {
        return Vec::new();
    }
    let why = "the statement does not open with a `--` comment: say what it is for and what it locks".to_owned();
    vec![Finding { file: file.to_owned(), line: 1, why }]
}

#[cfg(test)]
mod tests {
    use super::{check, check_file};
    use crate::tidy::source::Source;

    #[test]
    fn statements_stay_in_their_room() {
        let text = "//! Head.\nconst Q: &str = \"\n  SELECT 1\";\nconst W: &str = \"WITHOUT\";";
        let found = check(&Source::new("shared/src/commands/x.rs", text));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
        assert!(check(&Source::new("shared/src/db/x.rs", text)).is_empty());
    }

    #[test]
    fn statement_files_open_with_a_comment() {
        assert!(check_file("shared/src/db/x.sql", "-- Why.\nSELECT 1;").is_empty());
        assert_eq!(check_file("shared/src/db/x.sql", "SELECT 1;").len(), 1);
    }
}
