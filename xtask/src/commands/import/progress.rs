//! How far an import is: one line that is written over on a terminal, a line now and then elsewhere. Both go to stderr.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often it is told: on a terminal, and elsewhere.
const ON_TERMINAL: Duration = Duration::from_millis(100);
const ELSEWHERE: Duration = Duration::from_secs(5);

/// What came of the lines so far.
pub struct Progress {
    began: Instant,
    told: Instant,
    is_terminal: bool,
    placed: u64,
    known: u64,
    refused: u64,
}

impl Progress {
    /// Before the first line.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self { began: now, told: now, is_terminal: io::stderr().is_terminal(), placed: 0, known: 0, refused: 0 }
    }

    /// A line was placed.
    pub fn placed(&mut self) {
        self.placed += 1;
        self.tell();
    }

    /// A line was there already.
    pub fn known(&mut self) {
        self.known += 1;
        self.tell();
    }

    /// A line was refused.
    pub fn refused(&mut self) {
        self.refused += 1;
        self.tell();
    }

    /// Lines that are settled.
    pub fn lines(&self) -> u64 {
        self.placed + self.known + self.refused
    }

    /// The service takes no lines just now.
    pub fn wait(&mut self, wait: Duration) {
        self.write(&format!("{}; the service is busy or away, again in {:.1} s", self.line(), wait.as_secs_f32()));
    }

    /// The last word, for stdout.
    pub fn end(&self) -> String {
        if self.is_terminal {
            // The line that was written over gives way to it.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        format!("{} in {:.1} s", self.line(), self.began.elapsed().as_secs_f32())
    }

    fn tell(&mut self) {
        let pause = if self.is_terminal { ON_TERMINAL } else { ELSEWHERE };
        if self.told.elapsed() >= pause {
            self.told = Instant::now();
            self.write(&self.line());
        }
    }

    fn write(&self, line: &str) {
        // Nobody who looks: nothing to tell.
        let _ = if self.is_terminal { write!(io::stderr(), "\r\x1b[K{line}") } else { writeln!(io::stderr(), "{line}") };
    }

    fn line(&self) -> String {
        let Self { placed, known, refused, .. } = self;
        let rate = self.lines() as f64 / self.began.elapsed().as_secs_f64().max(f64::EPSILON);
        format!("{} lines: {placed} placed, {known} there already, {refused} refused; {rate:.0} a second", self.lines())
    }
}
