//! Ctrl-C, SIGTERM and SIGHUP become one flag, so that every command leaves through its ordinary way out and its
//! destructors stop what it started.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::{Context, Failure, Result};

static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(false)));

/// Starts listening for the three signals; called once, first thing.
pub fn listen() -> Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&REQUESTED)).context(|| "cannot listen for signals".into())?;
    }
    Ok(())
}

/// Asks everything under way to stop, as Ctrl-C would: a part that failed makes the rest pointless.
pub fn raise() {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// Whether somebody has asked us to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Fails once somebody has asked us to stop; every loop that waits calls it.
pub fn check() -> Result<()> {
    if requested() { Err(Failure::interrupted()) } else { Ok(()) }
}
