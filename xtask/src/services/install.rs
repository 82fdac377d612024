//! Installs the servers' packages on Debian and Ubuntu, without letting the packages start servers of their own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::process;

/// Debian's packages ask this script before they start a service; 101 means no.
const POLICY_FILE: &str = "/usr/sbin/policy-rc.d";

/// Whether this system has apt-get.
pub fn has_apt() -> bool {
    Path::new("/usr/bin/apt-get").is_file()
}

/// Installs `packages` as root, showing apt-get's own progress on stderr.
pub fn packages(packages: &[&str]) -> Result<()> {
    eprintln!("  installing {} (once)", packages.join(", "));
    let _policy = Policy::forbid_starts()?;
    apt_get(&["update", "--quiet"])?;
    // A fresh machine may still be installing its updates, so apt-get waits for its lock. What is there already stays as
    // it is: upgrading a server would restart it.
    let mut arguments = vec!["install", "--yes", "--quiet", "--no-install-recommends", "--no-upgrade"];
    arguments.extend(packages);
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    // stdout is for results; a reader of `cargo xtask order --json` must not find apt-get's words there.
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr());
    if process::run(command)?.success() {
        return Ok(());
    }
    Err(Failure::new(format!("this failed: apt-get {}", arguments.join(" "))))
}

/// Forbids packages to start services while it lives. A policy that is there already is left as it is.
struct Policy {
    ours: bool,
}

impl Policy {
    fn forbid_starts() -> Result<Self> {
        if Path::new(POLICY_FILE).exists() {
            return Ok(Self { ours: false });
        }
        let policy = Self { ours: true };
        let closed = || format!("cannot write {POLICY_FILE}");
        std::fs::write(POLICY_FILE, "#!/bin/sh\nexit 101\n").context(closed)?;
        std::fs::set_permissions(POLICY_FILE, Permissions::from_mode(0o755)).context(closed)?;
        Ok(policy)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.ours {
            let _ = std::fs::remove_file(POLICY_FILE);
        }
    }
}
