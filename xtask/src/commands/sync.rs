//! `cargo xtask sync`: writes what is derived from the functions' manifests, or with `--check` compares it.

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

  --check    write nothing; fail when a file is not as it should be";

const ACCEPTED: Accepted = Accepted { flags: &["--check"], values: &[], words_max: 0 };

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    if options.has("--check") { check(checkout) } else { write(checkout) }
}

/// Fails, naming the mending command, unless every derived file is as `sync` would write it.
pub fn check(checkout: &Checkout) -> Result<()> {
    let stale: Vec<&str> = stale(checkout)?.into_iter().map(|(file, _)| file).collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("not as the manifests say: {}; mend it with: cargo xtask sync", stale.join(", "))))
}

fn write(checkout: &Checkout) -> Result<()> {
    for (file, text) in stale(checkout)? {
        let path = checkout.path(file);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).context(|| format!("cannot make {}", directory.display()))?;
        }
        std::fs::write(&path, text).context(|| format!("cannot write {file}"))?;
        eprintln!("  wrote {file}");
    }
    Ok(())
}

/// The files that differ from what they should be, with the text they should have.
fn stale(checkout: &Checkout) -> Result<Vec<(&'static str, String)>> {
    let functions = manifest::read_all(checkout)?;
    let derived = [
        ("shared/src/catalog.rs", catalog::render(&functions)?),
        ("CargoLambda.toml", lambda_router::render(&functions)),
        ("docs/functions.md", overview::render(&functions)),
    ];
    let differs = |file: &str, text: &str| std::fs::read_to_string(checkout.path(file)).ok().as_deref() != Some(text);
    Ok(derived.into_iter().filter(|(file, text)| differs(file, text)).collect())
}

#[cfg(test)]
mod tests {
    use super::{check, run};
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
        run(&checkout, Vec::new()).unwrap();
        check(&checkout).unwrap();

        std::fs::write(folder.join("Cargo.toml"), CREATE_ORDER.replace("201", "202")).unwrap();
        assert!(check(&checkout).is_err());
        std::fs::write(folder.join("Cargo.toml"), "[package]\nname = \"create-order\"\n").unwrap();
        let message = check(&checkout).unwrap_err().to_string();
        assert!(message.starts_with("functions/http/create-order/Cargo.toml: "), "{message}");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
