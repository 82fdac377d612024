//! Where private servers keep their data, and as whom they run: `.local/<name>` of the checkout, or a directory of the
//! system's temporary files when the unprivileged user they run as cannot get into the checkout.

use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{User, geteuid};

use crate::failure::{Context, Failure, Result};
use crate::process::end_leftover;

/// Users that root runs the servers as, the first that exists: PostgreSQL and RabbitMQ refuse or dislike root.
const UNPRIVILEGED_USERS: [&str; 2] = ["postgres", "nobody"];

/// One name's private directory, locked for as long as this value lives.
pub struct Home {
    directory: PathBuf,
    logs: PathBuf,
    account: Option<User>,
    _lock: File,
}

impl Home {
    /// Takes the home called `name` and ends what a killed run left behind; fails when another xtask holds it.
    pub fn take(checkout: &Path, name: &str) -> Result<Self> {
        let account = if geteuid().is_root() { Some(unprivileged()?) } else { None };
        let local = checkout.join(".local").join(name);
        let logs = local.join("logs");
        std::fs::create_dir_all(&logs).context(|| format!("cannot make {}", logs.display()))?;
        let lock = lock(&local, name)?;
        let directory = match &account {
            Some(user) if !can_enter(user, &local) => elsewhere(checkout, name)?,
            _ => local,
        };
        end_leftovers(&directory);
        Ok(Self { directory, logs, account, _lock: lock })
    }

    /// Where the log of `server` goes: always in the checkout, where a person looks for it.
    pub fn log(&self, server: &str) -> PathBuf {
        self.logs.join(format!("{server}.log"))
    }

    /// Where the pid of `server` is written down.
    pub fn pid_file(&self, server: &str) -> PathBuf {
        self.directory.join(format!("{server}.pid"))
    }

    /// The data directory of `server`, made when missing and owned by the user it runs as.
    pub fn data(&self, server: &str) -> Result<PathBuf> {
        let path = self.directory.join(server);
        std::fs::create_dir_all(&path).context(|| format!("cannot make {}", path.display()))?;
        self.give(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o700)).context(|| format!("cannot close {} to others", path.display()))?;
        Ok(path)
    }

    /// Writes a file into a server's data directory, readable by the user it runs as.
    pub fn write(&self, path: &Path, text: &str) -> Result<()> {
        std::fs::write(path, text).context(|| format!("cannot write {}", path.display()))?;
        self.give(path)
    }

    /// A command that runs as the unprivileged user, in `directory`.
    pub fn command(&self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(directory);
        if let Some(user) = &self.account {
            // The standard library also drops root's supplementary groups when it changes the user.
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Throws the servers' data away; what could not be removed is only a few files too many.
    pub fn discard(&self, servers: &[&str]) {
        for server in servers {
            let _ = std::fs::remove_dir_all(self.directory.join(server));
        }
    }

    fn give(&self, path: &Path) -> Result<()> {
        let Some(user) = &self.account else {
            return Ok(());
        };
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .context(|| format!("cannot give {} to user {}", path.display(), user.name))
    }
}

fn unprivileged() -> Result<User> {
    UNPRIVILEGED_USERS
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .ok_or_else(|| Failure::new("there is no user postgres or nobody to run the servers as; run this without root"))
}

/// One xtask a home: two would end each other's servers. The system drops the lock with the process, however it ends.
fn lock(local: &Path, name: &str) -> Result<File> {
    let path = local.join("lock");
    let file = File::create(&path).context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new(format!("another `cargo xtask {name}` is running in this checkout; stop it first")))
        }
        Err(TryLockError::Error(error)) => Err(Failure::new(format!("cannot lock {}: {error}", path.display()))),
    }
}

/// Ends the processes whose pid files still lie there, the last started first.
fn end_leftovers(directory: &Path) {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut pid_files: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == "pid")).collect();
    pid_files.sort_by_key(|path| std::cmp::Reverse(path.metadata().and_then(|data| data.modified()).ok()));
    for pid_file in pid_files {
        end_leftover(&pid_file);
        let _ = std::fs::remove_file(pid_file);
    }
}

/// Asks the system rather than the permission bits: only the kernel knows all the ways a path can be closed.
fn can_enter(user: &User, directory: &Path) -> bool {
    let status = Command::new("/bin/sh")
        .args(["-c", "cd \"$0\""])
        .arg(directory)
        .current_dir("/")
        .uid(user.uid.as_raw())
        .gid(user.gid.as_raw())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// A directory of the same name at every start, so that `dev` finds its data again and leftovers can be ended. It must
/// be ours: others can write to the directory of temporary files too.
fn elsewhere(checkout: &Path, name: &str) -> Result<PathBuf> {
    let place: String = checkout.to_string_lossy().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let top = std::env::temp_dir().join(format!("order-service{place}"));
    match DirBuilder::new().mode(0o711).create(&top) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::new(format!("cannot make {}: {error}", top.display())));
        }
        _ => {}
    }
    let found = std::fs::symlink_metadata(&top).context(|| format!("cannot look at {}", top.display()))?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() {
        return Err(Failure::new(format!("{} belongs to somebody else; remove it", top.display())));
    }
    let directory = top.join(name);
    std::fs::create_dir_all(&directory).context(|| format!("cannot make {}", directory.display()))?;
    Ok(directory)
}
