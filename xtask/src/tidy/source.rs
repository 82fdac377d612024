//! Splits Rust source into code and string literals, line numbers kept. Not a parser: just enough that a rule never
//! mistakes a comment or a string for code.

use super::Finding;

/// A Rust file prepared for the rules.
pub struct Source {
    /// From the root of the checkout, with `/`.
    pub file: String,
    /// As written.
    pub text: String,
    /// The text with comments and the insides of literals blanked, byte for byte as long.
    pub code: String,
    /// Each string literal with the line it begins on.
    pub strings: Vec<(usize, String)>,
}

impl Source {
    /// Prepares the text of `file`.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let (code, strings) = Splitter::new(&text).split();
        Self { file: file.into(), text, code, strings }
    }

    /// A finding in this file at the byte `offset`.
    pub fn finding(&self, offset: usize, why: impl Into<String>) -> Finding {
        self.finding_at(self.line(offset), why)
    }

    /// A finding in this file at `line`.
    pub fn finding_at(&self, line: usize, why: impl Into<String>) -> Finding {
        Finding { file: self.file.clone(), line, why: why.into() }
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        line_of(&self.text, offset)
    }

    /// Where `word` stands in the code as a whole word.
    pub fn words(&self, word: &str) -> Vec<usize> {
        let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let bytes = self.code.as_bytes();
        let found = self.code.match_indices(word).map(|(offset, _)| offset);
        found
            .filter(|&offset| {
                let before = offset.checked_sub(1).and_then(|index| bytes.get(index));
                !inside(before) && !inside(bytes.get(offset + word.len()))
            })
            .collect()
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Walks the bytes once. Everything it looks for is ASCII, so bytes of longer characters pass through or are blanked.
struct Splitter<'a> {
    text: &'a str,
    bytes: &'a [u8],
    code: Vec<u8>,
    strings: Vec<(usize, String)>,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), code: Vec::with_capacity(text.len()), strings: Vec::new() }
    }

    fn split(mut self) -> (String, Vec<(usize, String)>) {
        while let Some(byte) = self.at(0) {
            match byte {
                b'/' if self.at(1) == Some(b'/') => {
                    self.blank_while(|rest| !rest.starts_with(b"\n"));
                }
                b'/' if self.at(1) == Some(b'*') => self.block_comment(),
                b'"' => self.quoted(0, true),
                b'r' if !self.in_word() => self.perhaps_raw(),
                b'\'' => self.perhaps_character(),
                other => self.code.push(other),
            }
        }
        (String::from_utf8_lossy(&self.code).into_owned(), self.strings)
    }

    /// The byte so many places ahead: what has been written is as long as what has been read.
    fn at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.code.len() + ahead).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.code.len()..).unwrap_or_default()
    }

    /// Whether the byte before belongs to a name; `br"…"` is the one prefix that may.
    fn in_word(&self) -> bool {
        let last = self.code.last().copied().unwrap_or(b' ');
        (last.is_ascii_alphanumeric() && last != b'b') || last == b'_'
    }

    fn blank(&mut self) {
        let byte = self.at(0).unwrap_or(b' ');
        self.code.push(if byte == b'\n' { b'\n' } else { b' ' });
    }

    fn blank_while(&mut self, condition: impl Fn(&[u8]) -> bool) {
        while !self.rest().is_empty() && condition(self.rest()) {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while !self.rest().is_empty() {
            if self.rest().starts_with(b"/*") {
                depth += 1;
                self.blank();
            } else if self.rest().starts_with(b"*/") {
                depth -= 1;
                self.blank();
            }
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    /// A literal that begins here with its quotation mark and ends with one followed by `hashes` hashes.
    fn quoted(&mut self, hashes: usize, escapes: bool) {
        let line = line_of(self.text, self.code.len());
        let end: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
        self.code.push(b'"');
        let start = self.code.len();
        while !self.rest().is_empty() && !self.rest().starts_with(&end) {
            if escapes && self.at(0) == Some(b'\\') {
                self.blank();
            }
            self.blank();
        }
        let inside = self.bytes.get(start..self.code.len().min(self.bytes.len())).unwrap_or_default();
        self.strings.push((line, String::from_utf8_lossy(inside).into_owned()));
        for byte in end {
            if self.at(0).is_some() {
                self.code.push(byte);
            }
        }
    }

    /// `r"…"`, `r#"…"#`, or just a word that begins with r.
    fn perhaps_raw(&mut self) {
        let hashes = self.rest().iter().skip(1).take_while(|byte| **byte == b'#').count();
        self.code.push(b'r');
        if self.at(hashes) == Some(b'"') {
            for _ in 0..hashes {
                self.code.push(b'#');
            }
            self.quoted(hashes, false);
        }
    }

    /// `'x'` or `'\n'` is a literal, `'a` a lifetime.
    fn perhaps_character(&mut self) {
        let rest = String::from_utf8_lossy(self.rest().get(1..9.min(self.rest().len())).unwrap_or_default()).into_owned();
        let mut letters = rest.chars();
        let first = letters.next();
        let is_literal = first == Some('\\') || letters.next() == Some('\'');
        self.code.push(b'\'');
        if !is_literal {
            return;
        }
        if first == Some('\\') {
            self.blank();
        }
        self.blank();
        self.blank_while(|rest| !rest.starts_with(b"'"));
        if self.at(0).is_some() {
            self.code.push(b'\'');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "let a = \"todo!() \\\" x\"; // todo!()\n/* todo! /* inner */ todo! */ let c = '\"'; let d = r#\"a\"todo!\"#;\nfn f<'a>(x: &'a str) {} // é";
        let source = Source::new("x.rs", text);
        assert!(!source.code.contains("todo"), "{}", source.code);
        assert_eq!(source.code.len(), text.len());
        assert!(source.code.contains("fn f<'a>(x: &'a str) {}"));
        let literals: Vec<&str> = source.strings.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(literals, ["todo!() \\\" x", "a\"todo!"]);
        assert_eq!(source.strings[1].0, 2);
    }

    #[test]
    fn words_are_whole() {
        let source = Source::new("x.rs", "redis_url redis::x my_redis redis");
        assert_eq!(source.words("redis").len(), 2);
    }
}
