//! Inputs for fuzz targets: something well formed, changed here and there, reaches deeper than noise does.
//!
//! A target stands in the tests of the code it feeds, so that it reaches what is private there, and its name begins with `fuzz_`. The
//! engine is bolero's, random under `cargo test`; `BOLERO_RANDOM_TEST_TIME_MS` says for how long. Besides not panicking, every target
//! asserts what must hold for any input.

use bolero::{ValueGenerator, produce};

/// Changes of one text at most, and bytes of noise in one: more leave nothing that is well formed.
const CHANGES_MAX: usize = 4;
const NOISE_MAX: usize = 8;
/// Bytes that one change takes out or repeats at most.
const LENGTH_MAX: u8 = 32;

/// How, where, how much, and with what; what the numbers mean depends on what is there to be changed.
pub(crate) type Change = (u8, u16, u8, Vec<u8>);

/// Generates none to a few changes.
pub(crate) fn changes() -> impl ValueGenerator<Output = Vec<Change>> {
    let change = (produce(), produce(), 0..=LENGTH_MAX, produce::<Vec<u8>>().with().len(0..=NOISE_MAX));
    produce::<Vec<Change>>().with().values(change).len(0..=CHANGES_MAX)
}

/// `original` after the changes; `words` are what means something in its language.
pub(crate) fn changed(original: &[u8], changes: &[Change], words: &[&str]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for (how, at, length, noise) in changes {
        let start = usize::from(*at) % (bytes.len() + 1);
        let end = (start + usize::from(*length)).min(bytes.len());
        let replacement = match how % 6 {
            0 => Vec::new(),
            1 => noise.clone(),
            2 => bytes[start..end].repeat(2),
            3 => bytes[start..end].iter().map(|byte| byte ^ 1).collect(),
            4 => [word(words, *length).as_bytes(), &bytes[start..end]].concat(),
            _ => word(words, *length).as_bytes().to_vec(),
        };
        bytes.splice(start..end, replacement);
    }
    bytes
}

fn word<'a>(words: &[&'a str], index: u8) -> &'a str {
    words[usize::from(index) % words.len()]
}
