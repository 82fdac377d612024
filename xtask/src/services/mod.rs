//! Private PostgreSQL, Redis and RabbitMQ for `dev` and `test`: own data, free ports on 127.0.0.1, an unprivileged user,
//! stopped when dropped. A server named by `DATABASE_URL`, `REDIS_URL` or `AMQP_URL` is used instead of a private one;
//! one that merely happens to run on this machine is never touched.

mod home;
pub mod install;
pub mod postgres;
mod programs;
mod rabbitmq;
mod redis;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::process::Process;
use crate::random;
pub use home::Home;
use programs::Program;

/// How long a request to a server on this machine may take.
const HTTP_TIMEOUT: Duration = Duration::from_secs(2);

/// The servers' directories inside a home.
const DIRECTORIES: [&str; 3] = ["postgres", "redis", "rabbitmq"];

/// What becomes of the servers' data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// Found at the start and left at the end.
    Kept,
    /// Thrown away at the start, left at the end.
    Fresh,
    /// Thrown away at the start and at the end.
    Discarded,
}

/// The running servers. Dropping the value stops those that are ours, the last started first.
pub struct Services {
    /// An administrator's URL of the database server.
    pub database_url: String,
    /// `redis://host:port/0`.
    pub redis_url: String,
    /// `amqp://user:password@host:port/vhost`.
    pub amqp_url: String,
    /// The management API of RabbitMQ, with user and password: `http://…/api`.
    pub rabbitmq_api: String,
    processes: Vec<Process>,
    home: Home,
    data: Data,
}

impl Services {
    /// Starts in `home`, all at once, every server that the environment does not name.
    pub fn start(checkout: &Checkout, home: Home, data: Data) -> Result<Self> {
        let started = Instant::now();
        ensure_programs(checkout)?;
        let given = Given::read();
        if data != Data::Kept {
            home.discard(&DIRECTORIES);
        }
        let ports = Ports::choose()?;
        // One is kept when another fails: the first failure is returned after those that run have been stopped again.
        let results = std::thread::scope(|scope| {
            let home = &home;
            let postgres = given
                .database_url
                .is_none()
                .then(|| scope.spawn(move || postgres::start(home, ports.postgres).map(|process| vec![process])));
            let redis =
                given.redis_url.is_none().then(|| scope.spawn(move || redis::start(home, ports.redis).map(|process| vec![process])));
            let rabbitmq =
                given.amqp_url.is_none().then(|| scope.spawn(move || rabbitmq::start(home, ports.amqp, ports.rabbitmq_api, data)));
            let joined = [postgres, redis, rabbitmq]
                .into_iter()
                .flatten()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(Failure::new("starting a server ended in a panic"))));
            joined.collect::<Vec<_>>()
        });
        let processes: Vec<Process> = results.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        for process in &processes {
            eprintln!("  {} runs, log in {}", process.name(), process.log().display());
        }
        eprintln!("  services are up after {:.1} s", started.elapsed().as_secs_f32());
        Ok(Self {
            rabbitmq_api: given.rabbitmq_api(ports.rabbitmq_api),
            database_url: given.database_url.unwrap_or_else(|| format!("postgres://postgres@127.0.0.1:{}/postgres", ports.postgres)),
            redis_url: given.redis_url.unwrap_or_else(|| format!("redis://127.0.0.1:{}/0", ports.redis)),
            amqp_url: given.amqp_url.unwrap_or_else(|| format!("amqp://guest:guest@127.0.0.1:{}/%2f", ports.amqp)),
            processes,
            home,
            data,
        })
    }

    /// Where they are, as the tests read it.
    pub fn test_environment(&self) -> [(&'static str, &str); 4] {
        [
            ("TEST_DATABASE_URL", &self.database_url),
            ("TEST_REDIS_URL", &self.redis_url),
            ("TEST_AMQP_URL", &self.amqp_url),
            ("TEST_RABBITMQ_API", &self.rabbitmq_api),
        ]
    }

    /// Starts a process that uses the servers, with its log and pid file beside theirs.
    pub fn run(&self, name: &str, command: Command) -> Result<Process> {
        Process::start(name, command, self.home.log(name), self.home.pid_file(name))
    }

    /// The sentence about the first of our servers that no longer runs, if there is one.
    pub fn failure(&mut self) -> Option<Failure> {
        self.processes.iter_mut().find_map(Process::failure)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        while let Some(process) = self.processes.pop() {
            drop(process);
        }
        if self.data == Data::Discarded {
            self.home.discard(&DIRECTORIES);
        }
    }
}

/// Makes sure that the programs of every private server are there, by installing them or by failing with the line to
/// type. `Services::start` does it too; a command that has slow work to do before asks early.
pub fn ensure_programs(checkout: &Checkout) -> Result<()> {
    programs::ensure(&Given::read().programs(), checkout.root())
}

/// Makes sure that nginx is there, the floor that reads are measured against, and says where.
pub fn ensure_nginx(checkout: &Checkout) -> Result<PathBuf> {
    programs::ensure(&[Program::Nginx], checkout.root())?;
    Program::Nginx.require()
}

/// Makes sure that RabbitMQ's own programs are there, for tests that start a broker and kill it; says where, as the tests read it.
pub fn ensure_broker(checkout: &Checkout) -> Result<[(&'static str, PathBuf); 2]> {
    programs::ensure(&[Program::RabbitMq, Program::Epmd], checkout.root())?;
    Ok([("TEST_RABBITMQ_SERVER", Program::RabbitMq.require()?), ("TEST_EPMD", Program::Epmd.require()?)])
}

/// Makes sure that Redis's own programs are there, for tests that start servers and kill them; says where, as the tests read it.
pub fn ensure_redis(checkout: &Checkout) -> Result<[(&'static str, PathBuf); 2]> {
    programs::ensure(&[Program::Redis, Program::RedisCli], checkout.root())?;
    Ok([("TEST_REDIS_SERVER", Program::Redis.require()?), ("TEST_REDIS_CLI", Program::RedisCli.require()?)])
}

/// The servers that the environment names.
struct Given {
    database_url: Option<String>,
    redis_url: Option<String>,
    amqp_url: Option<String>,
}

impl Given {
    fn read() -> Self {
        let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self { database_url: named("DATABASE_URL"), redis_url: named("REDIS_URL"), amqp_url: named("AMQP_URL") }
    }

    fn programs(&self) -> Vec<Program> {
        let mut programs = vec![Program::Psql];
        if self.database_url.is_none() {
            programs.push(Program::Postgres);
        }
        if self.redis_url.is_none() {
            programs.push(Program::Redis);
        }
        if self.amqp_url.is_none() {
            programs.extend([Program::RabbitMq, Program::Epmd]);
        }
        programs
    }

    /// Ours, or that of the broker in `AMQP_URL`: `TEST_RABBITMQ_API`, by default port 15672 of the same host.
    fn rabbitmq_api(&self, port: u16) -> String {
        let Some(url) = &self.amqp_url else {
            return format!("http://guest:guest@127.0.0.1:{port}/api");
        };
        let authority = url.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("guest:guest", authority));
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        std::env::var("TEST_RABBITMQ_API").unwrap_or_else(|_| format!("http://{user}@{host}:15672/api"))
    }
}

#[derive(Clone, Copy)]
struct Ports {
    postgres: u16,
    redis: u16,
    amqp: u16,
    rabbitmq_api: u16,
}

impl Ports {
    fn choose() -> Result<Self> {
        Ok(Self { postgres: free_port()?, redis: free_port()?, amqp: free_port()?, rabbitmq_api: free_port()? })
    }
}

/// Ports to choose from: below the range from which systems take the ports of outgoing connections (Linux: 32768). A server that takes
/// ten seconds to listen would otherwise find its port in the hands of somebody's connection.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
/// Ports tried before giving up.
const PORT_ATTEMPTS: u32 = 100;

/// A port that nobody listens on just now.
fn free_port() -> Result<u16> {
    for _ in 0..PORT_ATTEMPTS {
        let port = PORTS.start + random::number()? % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Failure::new(format!("there is no free port on 127.0.0.1: {PORT_ATTEMPTS} of {PORTS:?} were tried")))
}

/// The body of a successful GET; user and password in the URL are sent as basic authentication.
pub fn http_get(url: &str) -> Result<String> {
    let (url, user) = match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (user, rest))) => (format!("{scheme}://{rest}"), Some(user)),
        None => (url.to_owned(), None),
    };
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(HTTP_TIMEOUT)).build().into();
    let mut request = agent.get(&url);
    if let Some(user) = user {
        request = request.header("Authorization", format!("Basic {}", STANDARD.encode(user)));
    }
    let mut response = request.call().context(|| format!("GET {url}"))?;
    response.body_mut().read_to_string().context(|| format!("GET {url}"))
}
