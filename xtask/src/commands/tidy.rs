//! `cargo xtask tidy`: the rules of the house that neither compiler nor clippy knows, all findings at once.

use std::path::Path;

use crate::checkout::{Checkout, files_below};
use crate::failure::{Context, Failure, Result};
use crate::options::{Accepted, Options};
use crate::tidy::source::Source;
use crate::tidy::{Finding, functions, rings, shape, sql};

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask tidy

Checks what neither compiler nor clippy knows, and tells all findings at once:
  the rings of shared/src       imports point inward, no circles between rooms
  every Rust file               opens with //!, at most 500 lines, functions at most 70, no todo!, no #[ignore]
  functions/*/*                 lib.rs at most 110 lines, main.rs 8; no stores, only the outer rooms of shared
  SQL                           only in shared/src/db, migrations and tests; statement files open with a comment";

const ACCEPTED: Accepted = Accepted { flags: &[], values: &[], words_max: 0 };

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    Options::read(arguments, &ACCEPTED)?;
    check(checkout)
}

/// Fails with every finding, one a line.
pub fn check(checkout: &Checkout) -> Result<()> {
    let findings = findings(checkout)?;
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Err(Failure::new(format!("{}\n{} findings", lines.join("\n"), findings.len())))
}

fn findings(checkout: &Checkout) -> Result<Vec<Finding>> {
    let root = checkout.root();
    let mut sources = Vec::new();
    for path in files_below(root, ".rs")? {
        sources.push(Source::new(relative(root, &path), read(&path)?));
    }
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(shape::check(source));
        findings.extend(sql::check(source));
        if source.file.starts_with("functions/") {
            findings.extend(functions::check(source));
        }
    }
    let shared: Vec<&Source> = sources.iter().filter(|source| source.file.starts_with("shared/src/")).collect();
    findings.extend(rings::check(&shared));
    for path in files_below(&checkout.path("functions"), "Cargo.toml")? {
        findings.extend(functions::check_manifest(&relative(root, &path), &read(&path)?));
    }
    for path in files_below(&checkout.path("shared/src/db"), ".sql")? {
        findings.extend(sql::check_file(&relative(root, &path), &read(&path)?));
    }
    findings.sort();
    Ok(findings)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).context(|| format!("cannot read {}", path.display()))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::findings;
    use crate::checkout::Checkout;

    #[test]
    fn every_rule_sees_its_files() {
        let root = std::env::temp_dir().join(format!("xtask-tidy-{}", std::process::id()));
        for (file, text) in [
            ("shared/src/lib.rs", "//! Fine."),
            ("shared/src/domain/orders.rs", "//! Bad.\nuse crate::db::X;"),
            ("shared/src/db/orders.sql", "SELECT 1;"),
            ("functions/http/x/Cargo.toml", "[dependencies]\nlapin = \"4\""),
            ("functions/http/x/src/lib.rs", "//! Bad.\nuse shared::cache::X;"),
            ("standalone/src/main.rs", "const Q: &str = \"DELETE FROM orders\";"),
            ("target/debug/x.rs", "not ours"),
        ] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found: Vec<String> = findings(&Checkout::at(&root)).unwrap().iter().map(|f| format!("{}:{}", f.file, f.line)).collect();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            found,
            [
                "functions/http/x/Cargo.toml:2",
                "functions/http/x/src/lib.rs:2",
                "shared/src/db/orders.sql:1",
                "shared/src/domain/orders.rs:2",
                "standalone/src/main.rs:1",
                "standalone/src/main.rs:1",
            ]
        );
    }
}
