//! Which messages the tests have made the service write. A type that no test has ever seen is a type of which nobody knows that it is as
//! documented.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};

/// Where the harness keeps an event of each type, in a file of its name.
const FOLDER: &str = "target/messages-seen";
/// The document that says what is published, and its channels that say it.
const DOCUMENT: &str = "docs/asyncapi.json";
const CHANNELS: [&str; 2] = ["orders.events", "orders.commands"];
/// Types that no test brings about yet. It only shrinks.
const NEVER: [&str; 0] = [];

/// An empty folder for this run: the tests' `TEST_MESSAGES_SEEN`.
pub fn folder(checkout: &Checkout) -> Result<PathBuf> {
    let folder = checkout.path(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context(|| format!("cannot remove {FOLDER}"))?;
    }
    std::fs::create_dir_all(&folder).context(|| format!("cannot make {FOLDER}"))?;
    Ok(folder)
}

/// Fails unless every type that is published was seen, but for those of the list, which must not have been.
pub fn check(checkout: &Checkout) -> Result<()> {
    let entries = std::fs::read_dir(checkout.path(FOLDER)).context(|| format!("cannot read {FOLDER}"))?;
    let seen: BTreeSet<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    expect_all(&published(&checkout.read(DOCUMENT)?)?, &seen, &NEVER)
}

fn published(document: &str) -> Result<BTreeSet<String>> {
    let document: Value = serde_json::from_str(document).context(|| format!("{DOCUMENT} is no JSON"))?;
    let messages = CHANNELS.iter().filter_map(|channel| document["channels"][channel]["messages"].as_object());
    Ok(messages.flat_map(|messages| messages.keys().cloned()).collect())
}

fn expect_all(published: &BTreeSet<String>, seen: &BTreeSet<String>, never: &[&str]) -> Result<()> {
    let is_listed = |name: &String| never.contains(&name.as_str());
    let unseen: Vec<_> = published.iter().filter(|name| !seen.contains(*name) && !is_listed(name)).cloned().collect();
    if !unseen.is_empty() {
        return Err(Failure::new(format!("no test makes the service publish {}: write one that does", unseen.join(", "))));
    }
    match published.iter().find(|name| seen.contains(*name) && is_listed(name)) {
        Some(name) => Err(Failure::new(format!("{name} is published by a test now: take it out of NEVER"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{expect_all, published};

    #[test]
    fn a_type_that_no_test_has_seen_is_named() {
        let document = r#"{"channels": {"orders.events": {"messages": {"order.paid.v1": {}}}, "orders.commands": {"messages": {"shipping.cancel.v1": {}}},
            "payments.events": {"messages": {"payment.failed.v1": {}}}}}"#;
        let published = published(document).unwrap();
        let seen = ["order.paid.v1".to_owned()].into();
        let message = expect_all(&published, &seen, &[]).unwrap_err().to_string();
        assert_eq!(message, "no test makes the service publish shipping.cancel.v1: write one that does");
        expect_all(&published, &seen, &["shipping.cancel.v1"]).unwrap();
        assert!(expect_all(&published, &published, &["shipping.cancel.v1"]).unwrap_err().to_string().contains("take it out"));
    }
}
