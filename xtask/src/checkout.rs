//! Where this checkout lies and how cargo is called in it. Nothing here knows what the commands are for.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};

/// The checkout the command was typed in.
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// Finds the nearest directory above the current one that holds `xtask/Cargo.toml`.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context(|| "cannot tell the current directory".into())?;
        here.ancestors()
            .find(|directory| directory.join("xtask/Cargo.toml").is_file())
            .map(|root| Self { root: root.to_owned() })
            .ok_or_else(|| Failure::new("this is no checkout of order-service: there is no xtask/Cargo.toml here or above"))
    }

    /// A checkout at a known place; tests use it with a made-up tree.
    #[cfg(test)]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The root directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The text of a file below the root.
    pub fn read(&self, relative: &str) -> Result<String> {
        std::fs::read_to_string(self.path(relative)).context(|| format!("cannot read {relative}"))
    }

    /// `cargo` in the root, with the variables removed that `cargo run` sets for xtask: build scripts watch some of them
    /// and would compile half the dependencies again.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Where cargo puts what it builds; `CARGO_TARGET_DIR` and configuration files count.
    pub fn target_directory(&self) -> Result<PathBuf> {
        let output =
            self.cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]).output().context(|| "cannot run cargo".into())?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
            .context(|| format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)))?;
        metadata["target_directory"]
            .as_str()
            .map(PathBuf::from)
            .ok_or_else(|| Failure::new("cargo metadata does not name its target directory"))
    }
}

/// Every file below `directory` whose name ends in `suffix`, sorted; hidden directories and `target` are left out.
/// A directory that does not exist has no files.
pub fn files_below(directory: &Path, suffix: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        if !directory.is_dir() {
            continue;
        }
        let entries = std::fs::read_dir(&directory).context(|| format!("cannot list {}", directory.display()))?;
        for entry in entries {
            let path = entry.context(|| format!("cannot list {}", directory.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                pending.push(path);
            } else if path.is_file() && name.ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
