//! Reads `[package.metadata.function]` of every function: the one source of truth from which `sync` derives everything
//! else. Strict: an unknown or missing key is an error that names the file. Nothing is generated here.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};

/// Permissions that are no scope of a key; the catalog has a variant of `Access` for each.
pub const NO_SCOPES: [&str; 3] = ["any", "public", "webhook"];

/// The folders below `functions/`, one a kind.
pub const FOLDERS: [&str; 3] = ["http", "consumers", "jobs"];

/// One function as its manifest describes it.
#[derive(Debug)]
pub struct Function {
    /// The name of crate, folder and binary.
    pub name: String,
    /// One line: what it is for.
    pub description: String,
    /// What every function states.
    pub common: Common,
    /// What its kind adds.
    pub trigger: Trigger,
}

/// What every function states, whatever its kind.
#[derive(Debug)]
pub struct Common {
    /// The PostgreSQL role it connects as.
    pub database_role: String,
    /// Memory on Lambda and the limit on Kubernetes, in MB.
    pub memory_mb: u32,
    /// After which the host gives up on one call, in seconds.
    pub timeout_seconds: u64,
    /// How many instances.
    pub scale: Scale,
}

/// What makes a function run.
#[derive(Debug)]
pub enum Trigger {
    /// A request.
    Http(Http),
    /// A message of a queue.
    Consumer(Consumer),
    /// The clock, or nothing at all: it runs all the time.
    Job(Job),
}

/// Bounds of the number of instances, and how many calls one takes at a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Least number of instances; 0 lets it rest.
    pub min: u32,
    /// Most instances.
    pub max: u32,
    /// Calls one instance takes at a time.
    pub concurrency: u32,
}

/// `[package.metadata.function.http]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// `POST /v1/orders/{order_id}/cancel`, or a list of such routes that one function answers.
    #[serde(alias = "routes")]
    pub route: Routes,
    /// A scope such as `orders:write`, or `any` for every valid key, `public`, or `webhook` for a partner who signs what it pushes.
    pub permission: String,
    /// Whether an Idempotency-Key must be sent.
    pub idempotency: Need,
    /// Whether If-Match must be sent.
    pub if_match: Need,
    /// The status of success.
    pub success: u16,
    /// How long a request's body may be.
    #[serde(default = "body_max_mib_default")]
    pub body_max_mib: usize,
    /// Whether its answer is sent piece by piece for as long as it lasts: on Lambda it then needs a function URL of its own.
    #[serde(default)]
    pub streams: bool,
}

/// What a body may hold unless a manifest says otherwise.
fn body_max_mib_default() -> usize {
    1
}

/// One route, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Routes {
    /// `route = "GET /v1/orders"`.
    One(String),
    /// `routes = ["GET /docs", "GET /openapi.json"]`.
    Several(Vec<String>),
}

/// Whether a header must be sent.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// A request without it is refused.
    Required,
    /// It is not looked at.
    None,
}

/// `[package.metadata.function.consumer]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// The queue it owns.
    pub queue: String,
    /// Its messages may be lost: the queue drops what it has no room for, and what waits for too long.
    #[serde(default)]
    pub best_effort: bool,
    /// Messages taken before the first is settled.
    pub prefetch: u16,
    /// What fills the queue.
    pub bindings: Vec<Binding>,
    /// CloudEvents sources it accepts.
    pub sources: Vec<String>,
    /// CloudEvents types it accepts.
    pub types: Vec<String>,
}

/// One exchange and the routing keys bound on it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The exchange's name.
    pub exchange: String,
    /// Patterns of a topic exchange.
    pub routing_keys: Vec<String>,
}

/// `[package.metadata.function.job]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// `continuous`, `once`, or `rate(1 minute)`.
    pub schedule: String,
    /// The PostgreSQL role it takes inside each tenant's transaction; absent for a job that acts for no tenant.
    pub tenant_role: Option<String>,
}

#[derive(Deserialize)]
struct File {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    description: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    function: Option<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kind: String,
    database_role: String,
    memory_mb: u32,
    timeout_seconds: u64,
    scale: Scale,
    http: Option<Http>,
    consumer: Option<Consumer>,
    job: Option<Job>,
}

const DATABASE_ROLES: [&str; 4] = ["orders_app", "orders_relay", "orders_migrator", "orders_auditor"];
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Reads every function of the checkout, sorted by name within its kind; all errors are told at once.
pub fn read_all(checkout: &Checkout) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    let mut errors = Vec::new();
    for folder in FOLDERS {
        for name in subfolders(&checkout.path(&format!("functions/{folder}")))? {
            let file = format!("functions/{folder}/{name}/Cargo.toml");
            match checkout.read(&file).and_then(|text| read(&text, folder, &name)) {
                Ok(function) => functions.push(function),
                Err(error) => errors.push(format!("{file}: {error}")),
            }
        }
    }
    errors.extend(duplicates(&functions));
    if errors.is_empty() { Ok(functions) } else { Err(Failure::new(errors.join("\n"))) }
}

/// Reads one manifest that lies in `functions/<folder>/<name>`.
pub fn read(text: &str, folder: &str, name: &str) -> Result<Function> {
    let file: File = toml::from_str(text).map_err(|error| Failure::new(error.to_string().trim().to_owned()))?;
    let package = file.package;
    require(package.name == name, || format!("the package is called {}, its folder {name}", package.name))?;
    let description = package.description.filter(|text| !text.trim().is_empty());
    let description = description.ok_or_else(|| Failure::new("[package] has no description"))?;
    let table = package.metadata.and_then(|metadata| metadata.function);
    let table = table.ok_or_else(|| Failure::new("there is no [package.metadata.function]"))?;
    let kind = table.kind.clone();
    let expected = match folder {
        "consumers" => "consumer",
        "jobs" => "job",
        other => other,
    };
    require(kind == expected, || format!("kind is {kind:?}, but the folder functions/{folder} holds kind {expected:?}"))?;
    require_role("database_role", &table.database_role)?;
    require(table.scale.min <= table.scale.max && table.scale.max > 0, || "scale.min is above scale.max".to_owned())?;
    let common = Common {
        database_role: table.database_role,
        memory_mb: table.memory_mb,
        timeout_seconds: table.timeout_seconds,
        scale: table.scale,
    };
    let trigger = match (kind.as_str(), table.http, table.consumer, table.job) {
        ("http", Some(http), None, None) => Trigger::Http(checked_http(http)?),
        ("consumer", None, Some(consumer), None) => Trigger::Consumer(checked_consumer(consumer)?),
        ("job", None, None, Some(job)) => Trigger::Job(checked_job(job)?),
        _ => {
            let only = format!("a function of kind {kind:?} has the table [package.metadata.function.{kind}] and no other");
            return Err(Failure::new(only));
        }
    };
    Ok(Function { name: package.name, description: description.trim().to_owned(), common, trigger })
}

impl Http {
    /// Its routes as they are written: `POST /v1/orders`.
    pub fn routes(&self) -> &[String] {
        match &self.route {
            Routes::One(route) => std::slice::from_ref(route),
            Routes::Several(routes) => routes,
        }
    }

    /// The two halves of each route: `("POST", "/v1/orders")`.
    pub fn methods_and_paths(&self) -> impl Iterator<Item = (&str, &str)> {
        self.routes().iter().map(|route| method_and_path(route))
    }
}

fn method_and_path(route: &str) -> (&str, &str) {
    route.split_once(' ').unwrap_or(("", route))
}

fn checked_http(http: Http) -> Result<Http> {
    require(!http.routes().is_empty(), || "routes is empty: nobody could call the function".to_owned())?;
    for route in http.routes() {
        let (method, path) = method_and_path(route);
        require(METHODS.contains(&method) && path.starts_with('/') && !path.contains([' ', '?']), || {
            format!("route {route:?} is not of the form \"POST /v1/orders/{{order_id}}\"")
        })?;
    }
    let scope = |c: char| c.is_ascii_lowercase() || c == '-' || c == ':';
    require(!http.permission.is_empty() && http.permission.chars().all(scope), || {
        format!("permission {:?} is neither a scope like \"orders:write\" nor \"any\", \"public\" or \"webhook\"", http.permission)
    })?;
    require((200..300).contains(&http.success), || format!("success {} is no 2xx status", http.success))?;
    // What Lambda hands on of one request is 6 MB, and base64 takes its share of that where the gateway counts the body as binary.
    require((1..=5).contains(&http.body_max_mib), || format!("body_max_mib {} is not from 1 to 5", http.body_max_mib))?;
    Ok(http)
}

fn checked_consumer(consumer: Consumer) -> Result<Consumer> {
    require(consumer.prefetch > 0, || "prefetch 0 would mean without limit".to_owned())?;
    require(!consumer.bindings.is_empty(), || "a consumer needs at least one binding".to_owned())?;
    for binding in &consumer.bindings {
        require(!binding.routing_keys.is_empty(), || format!("exchange {} binds no routing key", binding.exchange))?;
    }
    Ok(consumer)
}

fn checked_job(job: Job) -> Result<Job> {
    let rate = job.schedule.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    let is_rate = rate.and_then(|rate| rate.split_once(' ')).is_some_and(|(number, unit)| {
        number.parse::<u32>().is_ok_and(|number| number > 0) && ["minute", "minutes", "hour", "hours", "day", "days"].contains(&unit)
    });
    require(is_rate || ["continuous", "once"].contains(&job.schedule.as_str()), || {
        format!("schedule {:?} is neither \"continuous\" nor \"once\" nor like \"rate(1 minute)\"", job.schedule)
    })?;
    job.tenant_role.as_deref().map_or(Ok(()), |role| require_role("tenant_role", role))?;
    Ok(job)
}

fn require_role(key: &str, role: &str) -> Result<()> {
    require(DATABASE_ROLES.contains(&role), || format!("{key} {role:?} is none of {}", DATABASE_ROLES.join(", ")))
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Failure::new(message())) }
}

/// Names, routes and queues that two functions claim. Routes that differ only in a parameter's name are the same.
fn duplicates(functions: &[Function]) -> Vec<String> {
    let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for function in functions {
        owners.entry(format!("name {}", function.name)).or_default().push(&function.name);
        let claims = match &function.trigger {
            Trigger::Http(http) => http.routes().iter().map(|route| format!("route {}", shape(route))).collect(),
            Trigger::Consumer(consumer) => vec![format!("queue {}", consumer.queue)],
            Trigger::Job(_) => Vec::new(),
        };
        for claim in claims {
            owners.entry(claim).or_default().push(&function.name);
        }
    }
    let shared = owners.into_iter().filter(|(_, names)| names.len() > 1);
    shared.map(|(claim, names)| format!("functions {} have the same {claim}", names.join(" and "))).collect()
}

/// A route without the names of its parameters.
fn shape(route: &str) -> String {
    let segments = route.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

fn subfolders(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if !directory.is_dir() {
        return Ok(names);
    }
    for entry in std::fs::read_dir(directory).context(|| format!("cannot list {}", directory.display()))? {
        let entry = entry.context(|| format!("cannot list {}", directory.display()))?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
pub mod tests;
