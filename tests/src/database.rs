//! A database for one test, cloned from a template that the real `migrate` made once.

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::sync::OnceCell;
use url::Url;

use super::{Program, Servers, Sql};

/// Names a template: made anew whenever a migration changes, then kept as long as the server's data.
const TEMPLATE_PREFIX: &str = "orders_template_";

/// Tests that come at once agree under this lock on who makes the template.
const TEMPLATE_LOCK: i64 = 0x6f72_6465_7273;

/// The template that this process has seen or made.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// A database that nobody else uses. Dropping the value drops the database.
#[derive(Debug)]
pub struct Database {
    name: String,
    administrator: Url,
}

impl Database {
    /// A migrated database without tenants.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn migrated(servers: &Servers) -> Self {
        let template = TEMPLATE.get_or_init(|| make_template(&servers.database)).await;
        Self::create(servers, &format!("TEMPLATE {template}")).await
    }

    /// A database without a schema, but with the service's roles in the cluster.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn empty(servers: &Servers) -> Self {
        TEMPLATE.get_or_init(|| make_template(&servers.database)).await;
        Self::create(servers, "").await
    }

    async fn create(servers: &Servers, options: &str) -> Self {
        let name = format!("orders_test_{}", uuid::Uuid::now_v7().simple());
        let mut connection = connect(&servers.database).await;
        execute(&mut connection, &format!("CREATE DATABASE {name} OWNER orders_migrator {options}")).await;
        connection.close().await.unwrap();
        Self { name, administrator: servers.database.clone() }
    }

    /// The administrator's URL of it.
    #[must_use]
    pub fn administrator_url(&self) -> Url {
        let mut url = self.administrator.clone();
        url.set_path(&self.name);
        url
    }

    /// The URL that names no user, as processes of the service get it.
    ///
    /// # Panics
    /// Never: the URL has a host.
    #[must_use]
    pub fn service_url(&self) -> String {
        without_user(&self.administrator_url())
    }

    /// The administrator's look at it.
    #[must_use]
    pub fn sql(&self) -> Sql {
        Sql::new(&self.administrator_url())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (name, administrator) = (self.name.clone(), self.administrator.clone());
        finally(async move {
            let mut connection = connect(&administrator).await;
            execute(&mut connection, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        });
    }
}

/// Runs the last work of a value that is dropped, on a thread and a runtime of its own; a failure is printed by its panic.
pub(crate) fn finally(work: impl Future<Output = ()> + Send + 'static) {
    let worker = std::thread::spawn(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work));
    let _ = worker.join();
}

/// Runs the real `migrate` against a database.
///
/// # Panics
/// When it cannot be started.
pub async fn run_migrate(database_url: &str) -> std::process::Output {
    Program::Migrate.run(&[], &[("DATABASE_URL", database_url.to_owned()), ("METRICS_PORT", "0".to_owned())]).await
}

/// The name of the migrated template. Made under another name first, so that one that is there is whole.
async fn make_template(administrator: &Url) -> String {
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
    let name = format!("{TEMPLATE_PREFIX}{}", hash_of(migrations));
    let mut connection = connect(administrator).await;
    execute(&mut connection, &format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    let exists = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(&name);
    if exists.fetch_optional(&mut connection).await.unwrap().is_none() {
        let unfinished = format!("{name}_unfinished");
        execute(&mut connection, &std::fs::read_to_string(format!("{migrations}/roles.sql")).unwrap()).await;
        execute(&mut connection, &format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        execute(&mut connection, &format!("CREATE DATABASE {unfinished} OWNER orders_migrator")).await;
        let mut url = administrator.clone();
        url.set_path(&unfinished);
        let migrated = run_migrate(&without_user(&url)).await;
        assert!(migrated.status.success(), "migrate failed: {migrated:?}");
        execute(&mut connection, &format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    connection.close().await.unwrap();
    name
}

/// The first digits of the hash over the SQL files of a folder, in the order of their names.
fn hash_of(folder: &str) -> String {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).unwrap());
    }
    hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn without_user(url: &Url) -> String {
    let mut url = url.clone();
    url.set_username("").unwrap();
    url.set_password(None).unwrap();
    url.into()
}

async fn connect(url: &Url) -> PgConnection {
    let options: PgConnectOptions = url.as_str().parse().unwrap();
    options.connect().await.unwrap_or_else(|error| panic!("PostgreSQL at TEST_DATABASE_URL: {error}"))
}

/// Statements without parameters, over the simple protocol: none of them may run inside a transaction block.
async fn execute(connection: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}
