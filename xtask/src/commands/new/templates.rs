//! The text of a new function: the least that compiles, in the shape every function has.

use crate::generate::catalog::constant_name;

/// The kind of the function, with what only its kind needs.
pub enum Kind<'a> {
    /// Serves one route.
    Http { route: &'a str, permission: &'a str },
    /// Empties one queue.
    Consumer { queue: &'a str, exchange: &'a str, routing_key: &'a str },
    /// Runs by the clock or all the time.
    Job { schedule: &'a str },
}

impl Kind<'_> {
    /// The folder below `functions/`.
    pub fn folder(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Consumer { .. } => "consumers",
            Self::Job { .. } => "jobs",
        }
    }

    /// What the manifest calls it, and the host in `shared::runtime` that runs it.
    fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Consumer { .. } => "consumer",
            Self::Job { .. } => "job",
        }
    }
}

/// Cargo.toml.
pub fn manifest(kind: &Kind<'_>, name: &str, description: &str) -> String {
    let trigger = match kind {
        Kind::Http { route, permission } => {
            let (idempotency, success) = match route.split(' ').next() {
                Some("POST") => ("required", 201),
                _ => ("none", 200),
            };
            format!(
                "route = {route:?}\npermission = {permission:?}\nidempotency = \"{idempotency}\"\n\
                 if_match = \"none\"\nsuccess = {success}\n"
            )
        }
        Kind::Consumer { queue, exchange, routing_key } => format!(
            "queue = {queue:?}\nprefetch = 32\n\
             bindings = [{{ exchange = {exchange:?}, routing_keys = [{routing_key:?}] }}]\nsources = []\ntypes = []\n"
        ),
        Kind::Job { schedule } => format!("schedule = {schedule:?}\n"),
    };
    let kind_name = kind.name();
    let scale = match kind {
        Kind::Http { .. } => "{ min = 0, max = 20, concurrency = 80 }",
        Kind::Consumer { .. } | Kind::Job { .. } => "{ min = 1, max = 1, concurrency = 1 }",
    };
    format!(
        "[package]\nname = \"{name}\"\ndescription = {description:?}\nversion.workspace = true\n\
         edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
         publish.workspace = true\n\n\
         [package.metadata.function]\nkind = \"{kind_name}\"\ndatabase_role = \"orders_app\"\nmemory_mb = 128\n\
         timeout_seconds = 10\nscale = {scale}\n\n\
         [package.metadata.function.{kind_name}]\n{trigger}\n\
         [lib]\ndoctest = false\ntest = false\n\n[[bin]]\nname = \"{name}\"\npath = \"src/main.rs\"\ntest = false\n\n\
         [dependencies]\nshared.workspace = true\n\n[lints]\nworkspace = true\n"
    )
}

/// src/lib.rs.
pub fn library(kind: &Kind<'_>, name: &str, description: &str) -> String {
    let constant = constant_name(name);
    let head = format!("//! {description}. What it decides and stores is the work of `shared`.\n\n");
    let body = match kind {
        Kind::Http { .. } => format!(
            "use shared::catalog;\nuse shared::http::{{Call, HttpFunction, Problem, Reply}};\n\n\
             /// The function as its hosts run it.\npub fn function() -> HttpFunction {{\n    \
             HttpFunction::new(&catalog::{constant}, |call| Box::pin(handle(call))).answers_nothing()\n}}\n\n\
             async fn handle(_call: Call) -> Result<Reply, Problem> {{\n    Ok(Reply::no_content())\n}}\n"
        ),
        Kind::Consumer { .. } => format!(
            "use shared::catalog;\nuse shared::messaging::{{ConsumerFunction, Incoming, Rejection}};\n\n\
             /// The function as its hosts run it.\npub fn function() -> ConsumerFunction {{\n    \
             ConsumerFunction::new(&catalog::{constant}, |incoming| Box::pin(handle(incoming)))\n}}\n\n\
             async fn handle(_incoming: Incoming) -> Result<(), Rejection> {{\n    Ok(())\n}}\n"
        ),
        Kind::Job { .. } => format!(
            "use shared::catalog;\nuse shared::runtime::{{JobContext, JobError, JobFunction}};\n\n\
             /// The function as its hosts run it.\npub fn function() -> JobFunction {{\n    \
             JobFunction::new(&catalog::{constant}, |job| Box::pin(run(job)))\n}}\n\n\
             async fn run(_job: JobContext) -> Result<(), JobError> {{\n    Ok(())\n}}\n"
        ),
    };
    head + &body
}

/// src/main.rs: three lines and a head.
pub fn main(kind: &Kind<'_>, name: &str) -> String {
    let (host, library) = (kind.name(), name.replace('-', "_"));
    format!(
        "//! The binary `{name}`: hands the function to its host.\n\n\
         fn main() -> std::process::ExitCode {{\n    shared::runtime::{host}({library}::function())\n}}\n"
    )
}
