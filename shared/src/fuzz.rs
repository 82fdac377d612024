//! The engine of the fuzz targets: proptest for as long as `FUZZ_SECONDS` says, and inputs that reach deeper than noise does.
//!
//! A target stands in the tests of the code it feeds, so that it reaches what is private there, and its name begins with `fuzz_`.
//! Besides not panicking, every target asserts what must hold for any input.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestError, TestRunner},
};

/// How long a target runs unless `FUZZ_SECONDS` says.
const SECONDS_DEFAULT: u64 = 1;
/// Inputs between two looks at the clock.
const BATCH: u32 = 100;

/// Changes of one text at most, and bytes of noise in one: more leave nothing that is well formed.
const CHANGES_MAX: usize = 4;
const NOISE_MAX: usize = 8;
/// Bytes that one change takes out or repeats at most.
const LENGTH_MAX: u8 = 32;

/// Feeds inputs to `target` until the time is over.
///
/// # Panics
/// With the smallest input it finds that makes `target` panic.
#[expect(clippy::print_stderr, reason = "how many inputs there were belongs to the result, and is shown with --nocapture")]
pub(crate) fn fuzz<I: Strategy>(inputs: I, target: impl Fn(I::Value)) {
    let seconds = match std::env::var("FUZZ_SECONDS") {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("FUZZ_SECONDS does not take {text:?}: {error}")),
        Err(_) => SECONDS_DEFAULT,
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    let fed = Cell::new(0_u64);
    while Instant::now() < until {
        // A runner that has had its cases is done for ever, so each batch has one of its own, with a seed of its own.
        let mut runner = TestRunner::new(Config { cases: BATCH, failure_persistence: None, ..Config::default() });
        let batch = runner.run(&inputs, |input| {
            fed.set(fed.get() + 1);
            target(input);
            Ok(())
        });
        let fed = fed.get();
        match batch {
            Ok(()) => {}
            Err(TestError::Fail(why, input)) => panic!("after {fed} inputs: {why}, for {input:?}"),
            Err(TestError::Abort(why)) => panic!("after {fed} inputs: {why}"),
        }
    }
    eprintln!("{} inputs", fed.get());
}

/// How, where, how much, and with what; what the numbers mean depends on what is there to be changed.
pub(crate) type Change = (u8, u16, u8, Vec<u8>);

/// None to a few changes.
pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec((any::<u8>(), any::<u16>(), 0..=LENGTH_MAX, vec(any::<u8>(), 0..=NOISE_MAX)), 0..=CHANGES_MAX)
}

/// `original` after the changes; `words`, apart from each other by a space, are what means something in its language.
pub(crate) fn changed(original: &[u8], changes: &[Change], words: &str) -> Vec<u8> {
    let word = |index: u8| words.split(' ').cycle().nth(index.into()).unwrap_or_default().as_bytes();
    let mut bytes = original.to_vec();
    for (how, at, length, noise) in changes {
        let start = usize::from(*at) % (bytes.len() + 1);
        let end = (start + usize::from(*length)).min(bytes.len());
        let replacement = match how % 6 {
            0 => Vec::new(),
            1 => noise.clone(),
            2 => bytes[start..end].repeat(2),
            3 => bytes[start..end].iter().map(|byte| byte ^ 1).collect(),
            4 => [word(*length), &bytes[start..end]].concat(),
            _ => word(*length).to_vec(),
        };
        bytes.splice(start..end, replacement);
    }
    bytes
}
