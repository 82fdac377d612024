//! The events with which the inventory and the shipping partner answer a command.

use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use shared::cloudevents::CloudEvent;

/// How often a `DUP-…` answer is sent.
const DUPLICATES: usize = 3;

/// The part of a command line that decides how a partner behaves.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Line {
    pub sku: String,
}

/// How often each answer about these lines is sent.
pub(crate) fn copies(lines: &[Line]) -> usize {
    if has_prefix(lines, "DUP-") { DUPLICATES } else { 1 }
}

/// Whether a line's stock-keeping unit asks for this behaviour.
pub(crate) fn has_prefix(lines: &[Line], prefix: &str) -> bool {
    lines.iter().any(|line| line.sku.starts_with(prefix))
}

/// The answer of `source` to `command`.
///
/// Its id follows from the command and the type: a command that is handled again, by this process or the next, is
/// answered with the same ids, and the service recognises the repetition.
pub(crate) fn answer(command: &CloudEvent, source: &str, r#type: &str, data: &impl Serialize) -> Result<CloudEvent, serde_json::Error> {
    let mut extensions = std::collections::BTreeMap::from([("causationid".to_owned(), command.id.as_str().into())]);
    for name in ["correlationid", "traceparent"] {
        if let Some(value) = command.extensions.get(name) {
            extensions.insert(name.to_owned(), value.clone());
        }
    }
    Ok(CloudEvent {
        id: format!("{}-{}", command.id, r#type.replace('.', "-")),
        source: source.to_owned(),
        r#type: r#type.to_owned(),
        subject: command.subject.clone(),
        time: Some(jiff::Timestamp::now().to_string()),
        tenantid: command.tenantid.clone(),
        extensions,
        data: to_raw_value(data)?,
    })
}
