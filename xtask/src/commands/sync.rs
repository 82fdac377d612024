//! `cargo xtask sync`: writes what is derived from the functions, or with `--check` compares it: first from their manifests, which
//! xtask reads itself, then from their types and the tables of the domain, which the service describes.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::generate::{catalog, lambda_router, overview};
use crate::manifest;
use crate::options::{Accepted, Options};

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask sync [--check]

Reads [package.metadata.function] of every function and writes what is derived from it:
  shared/src/catalog.rs    constants the code reads
  CargoLambda.toml         routes of the local Lambda emulator
  docs/functions.md        the list for people
Then builds the service, which describes the types that its functions take and answer, and the tables that it obeys:
  docs/openapi.json        the contract for callers
  docs/asyncapi.json       the contract for those who send and receive messages
  docs/schemas/            the JSON Schema of each message
  docs/lifecycle.md        the life of an order
  k8s-knative/platform/rabbitmq/{definitions.json,topology.yaml}  exchanges and queues

  --check    write nothing; fail when a file is not as it should be";

/// What `standalone` prints, and the word that makes it: it links every function and the domain, and xtask links neither.
const DOCUMENTS: [(&str, &str); 5] = [
    ("docs/openapi.json", "openapi"),
    ("docs/asyncapi.json", "asyncapi"),
    ("docs/lifecycle.md", "lifecycle"),
    ("k8s-knative/platform/rabbitmq/definitions.json", "definitions"),
    ("k8s-knative/platform/rabbitmq/topology.yaml", "resources"),
];

/// A folder with one file for each message type, and nothing else; `standalone schemas` prints them together.
const SCHEMAS: &str = "docs/schemas";

const ACCEPTED: Accepted = Accepted { flags: &["--check"], values: &[], words_max: 0 };

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    if options.has("--check") {
        check(checkout)?;
        return check_documents(checkout);
    }
    write(checkout)?;
    // Only now: the service is built from the catalog that was just written.
    write_documents(checkout)
}

/// Fails, naming the mending command, unless each document is what the service says of itself. Builds the service.
pub fn check_documents(checkout: &Checkout) -> Result<()> {
    expect_none(&stale_documents(checkout)?, "the service says")
}

fn write_documents(checkout: &Checkout) -> Result<()> {
    let superfluous = superfluous_schemas(checkout, &schemas(checkout)?);
    superfluous.iter().try_for_each(|file| std::fs::remove_file(checkout.path(file)).context(|| format!("cannot remove {file}")))?;
    differing(checkout, documents(checkout)?).into_iter().try_for_each(|(file, text)| put(checkout, &file, &text))
}

/// The documents that differ from what the service says, and the schemas of messages that it does not know.
fn stale_documents(checkout: &Checkout) -> Result<Vec<String>> {
    let stale = differing(checkout, documents(checkout)?).into_iter().map(|(file, _)| file);
    Ok(stale.chain(superfluous_schemas(checkout, &schemas(checkout)?)).collect())
}

/// Every document with the text it should have.
fn documents(checkout: &Checkout) -> Result<Vec<(String, String)>> {
    let documents = DOCUMENTS.into_iter().map(|(file, word)| Ok((file.to_owned(), said(checkout, word)?)));
    let mut documents = documents.collect::<Result<Vec<_>>>()?;
    documents.extend(schemas(checkout)?);
    Ok(documents)
}

fn schemas(checkout: &Checkout) -> Result<Vec<(String, String)>> {
    let said = said(checkout, "schemas")?;
    let schemas: BTreeMap<String, Value> = serde_json::from_str(&said).context(|| "standalone schemas prints no JSON object".into())?;
    Ok(schemas.into_iter().map(|(name, schema)| (format!("{SCHEMAS}/{name}.json"), format!("{schema:#}\n"))).collect())
}

fn superfluous_schemas(checkout: &Checkout, known: &[(String, String)]) -> Vec<String> {
    let entries = std::fs::read_dir(checkout.path(SCHEMAS)).into_iter().flatten().flatten();
    let files = entries.map(|entry| format!("{SCHEMAS}/{}", entry.file_name().to_string_lossy()));
    files.filter(|file| known.iter().all(|(known, _)| known != file)).collect()
}

fn said(checkout: &Checkout, word: &str) -> Result<String> {
    // Not `--package`: with features of its own it would build half the dependencies a second time.
    let mut command = checkout.cargo(&["run", "--quiet", "--bin", "standalone", "--", word]);
    // What cargo and the service complain about is theirs to say.
    let output = command.stderr(Stdio::inherit()).output().context(|| "cannot run cargo".into())?;
    if !output.status.success() {
        return Err(Failure::new("the service does not describe itself; see above"));
    }
    String::from_utf8(output.stdout).context(|| format!("standalone {word} prints no text"))
}

/// Fails, naming the mending command, unless every file derived from the manifests is as `sync` would write it.
pub fn check(checkout: &Checkout) -> Result<()> {
    let stale = differing(checkout, derived(checkout)?).into_iter().map(|(file, _)| file).collect::<Vec<_>>();
    expect_none(&stale, "the manifests say")
}

fn expect_none(stale: &[String], who_says: &str) -> Result<()> {
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("not as {who_says}: {}; mend it with: cargo xtask sync", stale.join(", "))))
}

/// Writes what is derived from the manifests.
pub fn write(checkout: &Checkout) -> Result<()> {
    differing(checkout, derived(checkout)?).into_iter().try_for_each(|(file, text)| put(checkout, &file, &text))
}

fn put(checkout: &Checkout, file: &str, text: &str) -> Result<()> {
    let path = checkout.path(file);
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).context(|| format!("cannot make {}", directory.display()))?;
    }
    std::fs::write(&path, text).context(|| format!("cannot write {file}"))?;
    eprintln!("  wrote {file}");
    Ok(())
}

/// Those of the files that are not as they should be, with the text they should have.
fn differing(checkout: &Checkout, files: Vec<(String, String)>) -> Vec<(String, String)> {
    let is = |file: &str, text: &str| std::fs::read_to_string(checkout.path(file)).ok().as_deref() == Some(text);
    files.into_iter().filter(|(file, text)| !is(file, text)).collect()
}

/// Every file derived from the manifests with the text it should have.
fn derived(checkout: &Checkout) -> Result<Vec<(String, String)>> {
    let functions = manifest::read_all(checkout)?;
    let derived = [
        ("shared/src/catalog.rs", catalog::render(&functions)?),
        ("CargoLambda.toml", lambda_router::render(&functions)),
        ("docs/functions.md", overview::render(&functions)),
    ];
    Ok(derived.map(|(file, text)| (file.to_owned(), text)).into())
}

#[cfg(test)]
mod tests {
    use super::{check, write};
    use crate::checkout::Checkout;
    use crate::manifest::tests::CREATE_ORDER;

    #[test]
    fn writes_what_check_then_accepts_and_notices_a_change() {
        let root = std::env::temp_dir().join(format!("xtask-sync-{}", std::process::id()));
        let folder = root.join("functions/http/create-order");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Cargo.toml"), CREATE_ORDER).unwrap();
        let checkout = Checkout::at(&root);

        let message = check(&checkout).unwrap_err().to_string();
        assert!(message.contains("shared/src/catalog.rs") && message.contains("cargo xtask sync"), "{message}");
        write(&checkout).unwrap();
        check(&checkout).unwrap();

        std::fs::write(folder.join("Cargo.toml"), CREATE_ORDER.replace("201", "202")).unwrap();
        assert!(check(&checkout).is_err());
        std::fs::write(folder.join("Cargo.toml"), "[package]\nname = \"create-order\"\n").unwrap();
        let message = check(&checkout).unwrap_err().to_string();
        assert!(message.starts_with("functions/http/create-order/Cargo.toml: "), "{message}");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
