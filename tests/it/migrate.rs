//! `migrate`: safe to repeat, safe to run twice at once, and never silent about a migration that was edited.

use tests::{Database, Servers, run_migrate};

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let database = Database::empty(&Servers::from_env()).await;
    for _ in 0..2 {
        let output = run_migrate(&database.service_url()).await;
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(applied(&database).await, files());
}

#[tokio::test]
async fn two_at_once_take_turns() {
    let database = Database::empty(&Servers::from_env()).await;
    let url = database.service_url();
    let (one, other) = tokio::join!(run_migrate(&url), run_migrate(&url));
    assert!(one.status.success() && other.status.success(), "{one:?}\n{other:?}");
    assert_eq!(applied(&database).await, files());
}

#[tokio::test]
async fn a_migration_that_was_edited_after_it_was_applied_is_refused() {
    let database = Database::migrated(&Servers::from_env()).await;
    database.sql().execute("UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 2").await.unwrap();
    let output = run_migrate(&database.service_url()).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("migration 2 was previously applied but has been modified"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_ahead_of_the_binary_is_refused() {
    let database = Database::migrated(&Servers::from_env()).await;
    let ahead =
        "INSERT INTO _sqlx_migrations SELECT 9999, 'of a later release', now(), true, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    database.sql().execute(ahead).await.unwrap();
    let output = run_migrate(&database.service_url()).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

async fn applied(database: &Database) -> usize {
    usize::try_from(database.sql().count("_sqlx_migrations WHERE success").await).unwrap()
}

/// The numbered files of `migrations/`.
fn files() -> usize {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations")).unwrap();
    folder.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("0")).count()
}
