//! The migrations inside the binary are the files of the folder.

use serde_json::Value;
use sha2::{Digest, Sha384};
use tests::{Database, Servers};

#[tokio::test]
async fn the_binary_applied_exactly_the_files_of_the_folder() {
    let database = Database::migrated(&Servers::from_env()).await;
    let query = "SELECT version, description, encode(checksum, 'hex') AS checksum, success FROM _sqlx_migrations ORDER BY version";
    let applied: Vec<(i64, String, String)> = database.sql().rows(query).await.iter().map(row).collect();
    assert_eq!(applied, files());
}

fn row(row: &Value) -> (i64, String, String) {
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    assert_eq!(row["success"], true);
    (row["version"].as_i64().unwrap(), text("description"), text("checksum"))
}

/// Version, description and checksum of every numbered file.
fn files() -> Vec<(i64, String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let Some((version, description)) = name.split_once('_').filter(|(version, _)| version.parse::<i64>().is_ok()) else { continue };
        let checksum = Sha384::digest(std::fs::read(&path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        files.push((version.parse().unwrap(), description.replace('_', " "), checksum));
    }
    files.sort();
    files
}
