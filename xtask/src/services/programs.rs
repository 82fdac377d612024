//! Finds the server programs on this machine, or says how to get them. Installing them is `install`'s work.

use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::install;
use crate::failure::{Failure, Result};

/// A program we start and the Debian package that brings it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// The PostgreSQL server; `initdb` and `psql` lie beside it or on the path.
    Postgres,
    /// The PostgreSQL client, all that is needed when `DATABASE_URL` names a server.
    Psql,
    /// The Redis server.
    Redis,
    /// The Redis client, which makes a cluster of servers.
    RedisCli,
    /// The script that starts RabbitMQ, not the wrapper on the path, which changes the user.
    RabbitMq,
    /// Erlang's port mapper, which RabbitMQ's node registers with.
    Epmd,
    /// A web server to measure against.
    Nginx,
}

impl Program {
    fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Psql => "postgresql-client",
            Self::Redis => "redis-server",
            Self::RedisCli => "redis-tools",
            Self::RabbitMq | Self::Epmd => "rabbitmq-server",
            Self::Nginx => "nginx-light",
        }
    }

    /// Where it lies: the directories Debian, Homebrew and others use, newest version first, then the path.
    pub fn find(self) -> Option<PathBuf> {
        let (name, patterns): (&str, &[&str]) = match self {
            Self::Postgres => ("postgres", &["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"]),
            Self::Psql => ("psql", &["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"]),
            Self::Redis => ("redis-server", &[]),
            Self::RedisCli => ("redis-cli", &[]),
            Self::RabbitMq => ("rabbitmq-server", &["/usr/lib/rabbitmq/lib/*/sbin", "/opt/homebrew/opt/rabbitmq/sbin"]),
            Self::Epmd => ("epmd", &["/usr/lib/erlang/erts-*/bin", "/opt/homebrew/opt/erlang/lib/erlang/erts-*/bin"]),
            Self::Nginx => ("nginx", &["/usr/sbin"]),
        };
        let known = patterns.iter().flat_map(|pattern| matching(pattern));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = known.chain(std::env::split_paths(&path)).map(|directory| directory.join(name));
        found.into_iter().find(|candidate| candidate.is_file())
    }

    /// Where it lies, or which one is missing.
    pub fn require(self) -> Result<PathBuf> {
        self.find().ok_or_else(|| Failure::new(format!("{} is not installed", self.package())))
    }
}

/// Makes sure that all `programs` are there: as root on Debian or Ubuntu by installing them, else by saying what to type.
pub fn ensure(programs: &[Program], checkout: &Path) -> Result<()> {
    let mut packages: Vec<&str> = programs.iter().filter(|program| program.find().is_none()).map(|program| program.package()).collect();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    if geteuid().is_root() && install::has_apt() {
        return install::packages(&packages);
    }
    Err(Failure::new(missing(&packages, checkout)))
}

fn missing(packages: &[&str], checkout: &Path) -> String {
    let names = packages.join(", ");
    let line = if install::has_apt() {
        format!("sudo apt-get install {}", packages.join(" "))
    } else if cfg!(target_os = "macos") {
        "brew install postgresql redis rabbitmq".to_owned()
    } else {
        "install them with this system's package manager".to_owned()
    };
    let docker = if on_path("docker") && checkout.join("compose.yaml").is_file() {
        "\nor, with Docker: docker compose up\n(servers elsewhere are used when DATABASE_URL, REDIS_URL and AMQP_URL name them)"
    } else {
        ""
    };
    format!("not installed on this machine: {names}; type:\n  {line}{docker}")
}

fn on_path(name: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|place| place.join(name).is_file())
}

/// The directories a pattern with one `*` names, highest version number first.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some((head, tail)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let Some((parent, prefix)) = head.rsplit_once('/') else {
        return Vec::new();
    };
    let mut names: Vec<String> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(numbers(name)));
    names.into_iter().map(|name| PathBuf::from(format!("{parent}/{name}{tail}"))).collect()
}

/// The numbers in a name, so that 15 sorts above 9.
fn numbers(name: &str) -> Vec<u32> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{missing, numbers};

    #[test]
    fn versions_sort_by_number() {
        assert!(numbers("rabbitmq_server-3.10.8") > numbers("rabbitmq_server-3.9.13"));
        assert!(numbers("15") > numbers("9.6"));
    }

    #[test]
    fn a_missing_server_comes_with_the_line_to_type() {
        let message = missing(&["redis-server"], Path::new("/nonexistent"));
        assert!(message.contains("redis-server") && message.contains("type:"), "{message}");
    }
}
