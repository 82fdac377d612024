//! What `dev` prepares before it starts the service: secrets, roles and database, the environment, the demo tenant. It
//! lies in `.local/dev`, readable by its owner only.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::random;
use crate::services::{Services, postgres};

/// The database of the service and who owns it.
const DATABASE: &str = "orders";
const OWNER: &str = "orders_migrator";

const DEMO_KEY_FILE: &str = "demo-key.json";
const OPERATOR_KEY_FILE: &str = "operator-key.json";
const SECRETS_FILE: &str = "secrets.json";
/// Where the payment service pushes to.
const WEBHOOK_PATH: &str = "/v1/webhooks/payments";

/// The operator's tenant, and the id of its own key: the same in every installation.
const OPERATOR: &str = "ten_00000000000000000000000000000000";
const OPERATOR_KEY_ID: &str = "key_00000000000000000000000000000000_00000000000000000000000000000000";

/// A key that signs requests: what `standalone create-tenant` prints, or the operator's own.
#[derive(Serialize, Deserialize)]
pub struct SavedKey {
    /// `ten_…`
    pub tenant_id: String,
    /// `key_…`
    pub key_id: String,
    /// `osk_…`
    pub secret: String,
}

/// Who may call what `dev` runs.
pub struct Keys {
    /// The demo tenant.
    pub demo: SavedKey,
    /// The operator.
    pub operator: SavedKey,
    /// The payment service, by this secret of its webhooks.
    pub webhook_secret: String,
}

/// An empty one is still to be made.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Secrets {
    keys_encryption: String,
    payment_service_secret: String,
    payment_webhook_secret: String,
}

/// The directory `.local/dev`.
pub struct Local {
    directory: PathBuf,
}

impl Local {
    /// Makes the directory when it is missing.
    pub fn open(checkout: &Checkout) -> Result<Self> {
        let directory = checkout.path(".local/dev");
        std::fs::create_dir_all(&directory).context(|| "cannot make .local/dev".into())?;
        Ok(Self { directory })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Tells `cargo xtask order` what runs, for as long as the returned value lives.
    pub fn announce(&self, url: &str, metrics: &str, keys: &Keys, services: &Services) -> Result<Announcement> {
        let lines = [
            ("ORDERS_URL", url),
            ("ORDERS_KEY_ID", &keys.demo.key_id),
            ("ORDERS_SECRET", &keys.demo.secret),
            ("ORDERS_OPERATOR_KEY_ID", &keys.operator.key_id),
            ("ORDERS_OPERATOR_SECRET", &keys.operator.secret),
            ("PAYMENT_WEBHOOK_SECRET", &keys.webhook_secret),
            ("PAYMENT_WEBHOOK_URL", &format!("{url}{WEBHOOK_PATH}")),
            ("METRICS_URL", metrics),
            ("DATABASE_URL", &service_database(&services.database_url, User::Administrator)),
            ("REDIS_URL", &services.redis_url),
            ("AMQP_URL", &services.amqp_url),
            ("RABBITMQ_API", &services.rabbitmq_api),
        ];
        let text: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        self.write_secret("env", &text)?;
        Ok(Announcement(self.path("env")))
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(&std::fs::read_to_string(self.path(name)).ok()?).ok()
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        let text = serde_json::to_string_pretty(value).context(|| format!("cannot write {name}"))?;
        self.write_secret(name, &(text + "\n"))
    }

    fn write_secret(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        let doing = || format!("cannot write {}", path.display());
        // A file that is there keeps its mode when it is opened, so it is made anew.
        let _ = std::fs::remove_file(&path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).context(doing)?;
        file.write_all(text.as_bytes()).context(doing)
    }
}

/// The file `.local/dev/env`, removed when nothing runs any more.
pub struct Announcement(PathBuf);

impl Drop for Announcement {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The variables every process of the service gets.
pub struct Environment(Vec<(&'static str, String)>);

impl Environment {
    /// Adds a variable.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.0.push((name, value));
    }

    /// A program with these variables besides our own.
    pub fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        self.apply(&mut command);
        command
    }

    /// Gives these variables to a command.
    pub fn apply(&self, command: &mut Command) {
        command.envs(self.0.iter().map(|(name, value)| (name, value)));
    }
}

/// Makes roles and database and puts the environment together. The demo key of another database is thrown away.
pub fn prepare(checkout: &Checkout, local: &Local, services: &Services, fresh: bool) -> Result<Environment> {
    eprintln!("preparing roles and database");
    let administrator = &services.database_url;
    postgres::run_file(administrator, &checkout.path("migrations/roles.sql"))?;
    if fresh {
        postgres::drop_database(administrator, DATABASE)?;
    }
    if postgres::ensure_database(administrator, DATABASE, OWNER)? {
        let _ = std::fs::remove_file(local.path(DEMO_KEY_FILE));
    }
    let secrets = secrets(local)?;
    Ok(Environment(vec![
        ("DATABASE_URL", service_database(administrator, User::EachRole)),
        ("REDIS_URL", services.redis_url.clone()),
        ("AMQP_URL", services.amqp_url.clone()),
        ("KEYS_ENCRYPTION", secrets.keys_encryption),
        // Only the simulators serve it; they take any free port and say which.
        ("PAYMENT_SERVICE_URL", "http://127.0.0.1:1".to_owned()),
        ("PAYMENT_SERVICE_KEY_ID", "key_dev_payments".to_owned()),
        ("PAYMENT_SERVICE_SECRET", secrets.payment_service_secret),
        ("PAYMENT_PORT", "0".to_owned()),
        ("BIND_ADDRESS", "127.0.0.1".to_owned()),
        ("METRICS_PORT", "0".to_owned()),
        ("ENVIRONMENT", "development".to_owned()),
    ]))
}

/// Each made once: what is sealed in the kept database must stay readable.
fn secrets(local: &Local) -> Result<Secrets> {
    let mut secrets: Secrets = local.read(SECRETS_FILE).unwrap_or_default();
    make_once(&mut secrets.keys_encryption, || Ok(format!("v1:{}", random::key()?)))?;
    make_once(&mut secrets.payment_service_secret, random::signing_secret)?;
    make_once(&mut secrets.payment_webhook_secret, random::webhook_secret)?;
    local.write(SECRETS_FILE, &secrets)?;
    Ok(secrets)
}

fn make_once(secret: &mut String, make: impl FnOnce() -> Result<String>) -> Result<()> {
    if secret.is_empty() {
        *secret = make()?;
    }
    Ok(())
}

/// What the payment service signs its webhooks with, and where they go: the service and its simulated partner are told.
pub fn webhook_secret(local: &Local, environment: &mut Environment, service: &str) -> Result<String> {
    let secret = secrets(local)?.payment_webhook_secret;
    environment.set("PAYMENT_WEBHOOK_SECRETS", secret.clone());
    environment.set("PAYMENT_WEBHOOK_SECRET", secret.clone());
    environment.set("PAYMENT_WEBHOOK_URL", format!("{service}{WEBHOOK_PATH}"));
    Ok(secret)
}

/// The operator's own key: made once, and the service's `OPERATOR_KEY` from then on.
pub fn operator_key(local: &Local, environment: &mut Environment) -> Result<SavedKey> {
    let key = match local.read(OPERATOR_KEY_FILE) {
        Some(key) => key,
        None => {
            let secret = random::signing_secret()?;
            let key = SavedKey { tenant_id: OPERATOR.to_owned(), key_id: OPERATOR_KEY_ID.to_owned(), secret };
            local.write(OPERATOR_KEY_FILE, &key)?;
            key
        }
    };
    environment.set("OPERATOR_KEY", key.secret.clone());
    Ok(key)
}

/// The demo tenant's key; the tenant is created with it the first time.
pub fn demo_key(local: &Local, standalone: &Path, environment: &Environment) -> Result<SavedKey> {
    if let Some(key) = local.read(DEMO_KEY_FILE) {
        return Ok(key);
    }
    eprintln!("creating the demo tenant");
    let output = run(standalone, &["create-tenant", "--name", "demo", "--stock", "on"], environment)?;
    let key: Option<SavedKey> = output.lines().find_map(|line| serde_json::from_str(line).ok());
    let key = key.ok_or_else(|| Failure::new(format!("create-tenant printed no key but: {}", output.trim())))?;
    local.write(DEMO_KEY_FILE, &key)?;
    Ok(key)
}

/// Runs a program of the service to its end; its stdout, or a failure with what it said.
pub fn run(program: &Path, arguments: &[&str], environment: &Environment) -> Result<String> {
    let mut command = environment.command(program, arguments);
    let output = command.stdin(Stdio::null()).output().context(|| format!("cannot run {}", program.display()))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    Err(Failure::new(format!("{name} {} failed:\n{}\n{}", arguments.join(" "), stdout.trim(), stderr.trim())))
}

/// Whose URL is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum User {
    /// The administrator, as named in the URL.
    Administrator,
    /// Nobody yet: each process puts its own role in.
    EachRole,
}

/// The URL of the service's database on the administrator's server.
fn service_database(administrator: &str, user: User) -> String {
    let (scheme, rest) = administrator.split_once("://").unwrap_or(("postgres", administrator));
    let (location, parameters) = rest.split_once('?').map_or((rest, None), |(head, tail)| (head, Some(tail)));
    let authority = location.split('/').next().unwrap_or_default();
    let host = match user {
        User::Administrator => authority,
        User::EachRole => authority.rsplit_once('@').map_or(authority, |(_, host)| host),
    };
    let parameters = parameters.map(|parameters| format!("?{parameters}")).unwrap_or_default();
    format!("{scheme}://{host}/{DATABASE}{parameters}")
}

#[cfg(test)]
mod tests {
    use super::{User, service_database};

    #[test]
    fn processes_get_the_url_without_the_administrator() {
        let url = |administrator| service_database(administrator, User::EachRole);
        assert_eq!(url("postgres://postgres@127.0.0.1:5432/postgres"), "postgres://127.0.0.1:5432/orders");
        assert_eq!(url("postgres://a:b@db/x?sslmode=require"), "postgres://db/orders?sslmode=require");
        assert_eq!(url("postgres://db"), "postgres://db/orders");
        assert_eq!(service_database("postgres://a@db/postgres", User::Administrator), "postgres://a@db/orders");
    }
}
