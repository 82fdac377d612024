//! The shape of every Rust file: how it opens, how long it and its functions are, and what must not be left in it.

use super::Finding;
use super::source::Source;

/// A longer file holds two subjects.
const FILE_LINES_MAX: usize = 500;

/// A longer function does not fit on a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// What stands for work not done.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "#[ignore"];

/// Checks one file.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.text.starts_with("//!") {
        findings.push(source.finding(0, "the file does not open with `//!`: say what lives here and what must not"));
    }
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        let why = format!("the file has {lines} lines, at most {FILE_LINES_MAX}: part its subjects");
        findings.push(source.finding_at(FILE_LINES_MAX + 1, why));
    }
    findings.extend(long_functions(source));
    for mark in UNFINISHED {
        for (offset, _) in source.code.match_indices(mark) {
            findings.push(source.finding(offset, format!("`{mark}` stands for work not done")));
        }
    }
    findings
}

fn long_functions(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for offset in source.words("fn") {
        let Some(rest) = source.code.get(offset..) else {
            continue;
        };
        let name: String = rest.chars().skip(3).take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(length) = (!name.is_empty()).then(|| end_of_function(rest)).flatten() else {
            continue;
        };
        let lines = source.line(offset + length) - source.line(offset) + 1;
        if lines > FUNCTION_LINES_MAX {
            let why = format!("function `{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}: part it");
            findings.push(source.finding(offset, why));
        }
    }
    findings
}

/// How far from `fn` its closing brace is; nothing for a function without body.
fn end_of_function(code: &str) -> Option<usize> {
    let mut braces = 0_usize;
    let mut brackets = 0_usize;
    for (offset, byte) in code.bytes().enumerate() {
        match byte {
            b'(' | b'[' if braces == 0 => brackets += 1,
            b')' | b']' if braces == 0 => brackets = brackets.saturating_sub(1),
            b';' if braces == 0 && brackets == 0 => return None,
            b'{' => braces += 1,
            b'}' if braces <= 1 => return Some(offset),
            b'}' => braces -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::source::Source;

    fn whys(text: &str) -> Vec<String> {
        check(&Source::new("x.rs", text)).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn a_small_file_with_a_head_is_fine() {
        assert_eq!(whys("//! Head.\nfn f(x: [u8; 2]) -> u8 { x[0] }\ntrait T { fn g(&self); }\n"), Vec::<String>::new());
    }

    #[test]
    fn the_head_is_missed() {
        assert!(whys("fn f() {}")[0].starts_with("x.rs:1: the file does not open"));
    }

    #[test]
    fn long_files_and_functions_are_told() {
        assert!(whys(&format!("//! Head.\n{}", "\n".repeat(500)))[0].contains("501 lines"));
        let body = "    ();\n".repeat(69);
        let found = whys(&format!("//! Head.\n\nfn long(x: [u8; 4])\n{{\n{body}}}\nfn short() {{}}\n"));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("x.rs:3: function `long` has 72 lines"), "{found:?}");
    }

    #[test]
    fn unfinished_work_is_told_but_not_words_about_it() {
        assert_eq!(whys("//! Head.\n#[ignore = \"slow\"]\nfn f() { todo!() }\n// todo!\nconst S: &str = \"#[ignore]\";").len(), 2);
    }
}
