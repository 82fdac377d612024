//! Every statement of the service, prepared and planned against the real schema under the role that runs it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use tests::{Database, Servers, Sql};

/// The statements of the relay and of jobs that look for what is due; every other one is the application's. That role sees the messages
/// and timers of all tenants and nothing else.
const RELAY_STATEMENTS: [&str; 6] = [
    "deferred_message_claim_due",
    "outbox_after_watermark",
    "outbox_lock_shards",
    "outbox_mark_published",
    "outbox_unpublished",
    "timer_claim_due",
];

/// The statements of the audit, which reads the rows of all tenants and writes none.
const AUDITOR_STATEMENTS: [&str; 3] = ["order_backlog", "order_holding_stock", "order_inspect_page"];

/// The statements of prune-records, which makes and drops partitions and deletes the old rows of all tenants: the owner's.
const MIGRATOR_STATEMENTS: [&str; 7] = [
    "dead_letter_delete_old",
    "idempotency_record_delete_old",
    "inbox_delete_old",
    "outbox_add_weeks",
    "outbox_default_delete_old",
    "outbox_drop_week",
    "outbox_old_weeks",
];

/// The role that runs a statement.
fn role_of(statement: &str) -> &'static str {
    match statement {
        name if RELAY_STATEMENTS.contains(&name) => "orders_relay",
        name if AUDITOR_STATEMENTS.contains(&name) => "orders_auditor",
        name if MIGRATOR_STATEMENTS.contains(&name) => "orders_migrator",
        _ => "orders_app",
    }
}

#[tokio::test]
async fn every_statement_is_valid_and_its_role_may_run_it() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    let mut problems = Vec::new();
    for (name, text) in statements() {
        let role = role_of(&name);
        if let Err(problem) = plan(&sql, role, &text).await {
            problems.push(format!("{name} as {role}: {problem}"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test]
async fn the_relay_may_not_run_what_is_the_applications() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    for statement in
        ["SELECT id FROM orders", "SELECT secret_sealed FROM api_keys", "UPDATE outbox SET body = ''", "SELECT * FROM order_contacts"]
    {
        let problem = plan(&sql, "orders_relay", statement).await.unwrap_err();
        assert!(problem.contains("permission denied"), "{statement}: {problem}");
    }
}

#[test]
fn every_statement_of_another_role_exists() {
    let names: BTreeSet<String> = statements().into_iter().map(|(name, _)| name).collect();
    for name in RELAY_STATEMENTS.into_iter().chain(AUDITOR_STATEMENTS).chain(MIGRATOR_STATEMENTS) {
        assert!(names.contains(name), "{name} is in the list and not in the folder");
    }
    assert!(names.len() > 20, "the folder was not found: {names:?}");
}

/// Prepares a statement and plans it with NULL for every parameter, which checks names, types and privileges.
async fn plan(sql: &Sql, role: &str, text: &str) -> Result<(), String> {
    let parameters = vec!["NULL"; parameters(text)].join(", ");
    // A name of its own: prepared statements outlive the rollback of the transaction that made them.
    let name = format!("s{}", uuid::Uuid::new_v4().simple());
    let execute = if parameters.is_empty() { name.clone() } else { format!("{name}({parameters})") };
    // One simple query: one session, and one transaction that an error rolls back.
    let script = format!(
        "SET LOCAL ROLE {role}; SET LOCAL app.tenant_id = '00000000-0000-0000-0000-000000000001';
         PREPARE {name} AS {text}
         ; EXPLAIN EXECUTE {execute}"
    );
    sql.execute(&script).await.map(drop).map_err(|error| error.to_string())
}

/// The highest `$n` of a statement.
fn parameters(text: &str) -> usize {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let numbers = code.split('$').skip(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    numbers.filter_map(|digits| digits.parse().ok()).max().unwrap_or(0)
}

/// Name and text of every file with a statement.
pub fn statements() -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/src/db")), &mut files);
    files.sort();
    files.into_iter().map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&file).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
}

/// `order_create.sql` and `order_save.sql` take what a change collected as the same parameters; so what they do with it must be the same.
#[test]
fn creating_and_saving_an_order_share_their_arms() {
    let arms = |statement: &'static str| {
        let (_, from_history) = statement.split_once("history AS (").unwrap();
        from_history.rsplit_once("\nSELECT ").unwrap().0
    };
    let create = arms(include_str!("../../shared/src/db/orders/order_create.sql"));
    let save = arms(include_str!("../../shared/src/db/orders/order_save.sql"));
    assert_eq!(create, save);
}
