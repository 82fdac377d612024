//! `cargo xtask new`: scaffolds a function's folder that compiles, and says what to do next.

mod templates;

use std::path::Path;

use crate::checkout::Checkout;
use crate::commands::sync;
use crate::failure::{Context, Failure, Result};
use crate::generate::rustfmt;
use crate::manifest;
use crate::options::{Accepted, Options};
use templates::Kind;

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask new http NAME --route \"POST /v1/x\" --permission orders:write [--description TEXT]
cargo xtask new consumer NAME --queue QUEUE --exchange EXCHANGE --routing-key KEY [--description TEXT]
cargo xtask new job NAME --schedule \"rate(1 minute)\" [--description TEXT]

Makes the folder of a function (its manifest, src/lib.rs, src/main.rs) and brings what derives from the manifests up to
date. NAME is a verb phrase such as create-order: the name of folder, crate and binary.";

const ACCEPTED: Accepted = Accepted {
    flags: &[],
    values: &["--route", "--permission", "--queue", "--exchange", "--routing-key", "--schedule", "--description"],
    words_max: 2,
};

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    let [kind, name] = options.words.as_slice() else {
        return Err(Failure::new("a kind (http, consumer or job) and a name are needed; see --help"));
    };
    let kind = kind_of(kind, &options)?;
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(letters) {
        return Err(Failure::new(format!("{name:?} is no name: lower-case words joined by hyphens")));
    }
    let description = options.text("--description").unwrap_or("Say in one line what it is for");
    let manifest = templates::manifest(&kind, name, description);
    manifest::read(&manifest, kind.folder(), name)?;

    let folder = format!("functions/{}/{name}", kind.folder());
    let path = checkout.path(&folder);
    if path.exists() {
        return Err(Failure::new(format!("{folder} is there already")));
    }
    let library = rustfmt(&templates::library(&kind, name, description))?;
    write(&path, "Cargo.toml", &manifest)?;
    write(&path, "src/lib.rs", &library)?;
    write(&path, "src/main.rs", &templates::main(&kind, name))?;
    if let Err(failure) = sync::write(checkout) {
        // Such as a route that another function has: as if nothing had been typed.
        let _ = std::fs::remove_dir_all(&path);
        return Err(failure);
    }
    println!(
        "made {folder}\nnext:\n  1. write the command or query in shared/src, and the handler in {folder}/src/lib.rs\n  \
         2. see to memory, timeout and scale in {folder}/Cargo.toml, then: cargo xtask sync\n  \
         3. let standalone serve it, then: cargo xtask sync\n  4. test it in tests/it, then: cargo xtask test"
    );
    Ok(())
}

fn kind_of<'a>(kind: &str, options: &'a Options) -> Result<Kind<'a>> {
    let given = |name: &str| options.text(name).ok_or_else(|| Failure::new(format!("a function of kind {kind} needs {name}; see --help")));
    match kind {
        "http" => Ok(Kind::Http { route: given("--route")?, permission: given("--permission")? }),
        "consumer" => Ok(Kind::Consumer { queue: given("--queue")?, exchange: given("--exchange")?, routing_key: given("--routing-key")? }),
        "job" => Ok(Kind::Job { schedule: given("--schedule")? }),
        other => Err(Failure::new(format!("there is no kind {other:?}, only http, consumer and job"))),
    }
}

fn write(folder: &Path, file: &str, text: &str) -> Result<()> {
    let path = folder.join(file);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).context(|| format!("cannot make {}", parent.display()))?;
    }
    std::fs::write(&path, text).context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::checkout::Checkout;

    fn typed(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn every_kind_is_scaffolded_and_passes_the_rules_of_the_house() {
        let root = std::env::temp_dir().join(format!("xtask-new-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let checkout = Checkout::at(&root);
        let http = ["http", "create-order", "--route", "POST /v1/orders", "--permission", "orders:write"];
        run(&checkout, typed(&http)).unwrap();
        run(&checkout, typed(&["consumer", "on-x", "--queue", "q", "--exchange", "e", "--routing-key", "x.#"])).unwrap();
        run(&checkout, typed(&["job", "tick", "--schedule", "once"])).unwrap();
        crate::commands::tidy::check(&checkout).unwrap();
        let library = std::fs::read_to_string(root.join("functions/http/create-order/src/lib.rs")).unwrap();
        assert!(library.contains("&catalog::CREATE_ORDER"), "{library}");

        assert!(run(&checkout, typed(&http)).unwrap_err().to_string().contains("there already"));
        let same = ["http", "place-order", "--route", "POST /v1/orders", "--permission", "any"];
        assert!(run(&checkout, typed(&same)).unwrap_err().to_string().contains("same route"));
        assert!(!root.join("functions/http/place-order").exists());
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn says_what_is_missing() {
        let checkout = Checkout::at(std::path::Path::new("/nonexistent"));
        let error = |words: &[&str]| run(&checkout, typed(words)).unwrap_err().to_string();
        assert!(error(&["http", "x"]).contains("--route"));
        assert!(error(&["cron", "x"]).contains("http, consumer and job"));
        assert!(error(&["job", "Tick", "--schedule", "once"]).contains("is no name"));
        assert!(error(&["job", "tick", "--schedule", "hourly"]).contains("schedule"));
        assert!(error(&["job"]).contains("a name"));
    }
}
