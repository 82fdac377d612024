//! Query parameters, read strictly: an unknown one, a repeated one or a value that does not fit is refused by name, and so is what
//! does not decode to text.

use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::{Code, Problem};

/// The parameters as a handler's struct, which must say `#[serde(deny_unknown_fields)]`.
///
/// # Errors
/// 422 `validation_failed` with the parameter's name where there is one to name.
pub(super) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    require_text(query)?;
    let parameters = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(parameters).map_err(|error| misfit(&error.path().to_string(), &error.inner().to_string()))
}

/// The parameters if they are good, for a look ahead of the handler, who refuses what is not.
pub fn peek<T: DeserializeOwned>(query: &str) -> Option<T> {
    read(query).ok()
}

/// A query taken apart: the parameters that `own` names, and all others, each encoded again in the order they came.
pub(super) fn split(query: &str, own: &[&str]) -> (String, String) {
    let (mut named, mut others) = (form_urlencoded::Serializer::new(String::new()), form_urlencoded::Serializer::new(String::new()));
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let part = if own.contains(&&*name) { &mut named } else { &mut others };
        part.append_pair(&name, &value);
    }
    (named.finish(), others.finish())
}

/// Lets a request through that has no parameters.
///
/// # Errors
/// 422 naming the first: it may have been meant to change what is done (`dry_run=true`), so it is not passed over.
pub(super) fn require_none(query: &str) -> Result<(), Problem> {
    match form_urlencoded::parse(query.as_bytes()).next() {
        None => Ok(()),
        Some((parameter, _)) => Err(misfit(&parameter, "this endpoint has no parameters")),
    }
}

/// Bytes that are no UTF-8 are decoded as U+FFFD, and what was compared then would not be what was sent. PostgreSQL takes no NUL.
fn require_text(query: &str) -> Result<(), Problem> {
    let is_text = |text: &str| !text.contains(|character: char| character.is_control() || character == char::REPLACEMENT_CHARACTER);
    for (parameter, value) in form_urlencoded::parse(query.as_bytes()) {
        if !is_text(&parameter) {
            return Err(Problem::malformed("the name of a parameter is not UTF-8 without control characters"));
        }
        if !is_text(&value) {
            return Err(misfit(&parameter, "the value is not UTF-8 without control characters"));
        }
    }
    Ok(())
}

/// 422 about one parameter.
pub(super) fn misfit(parameter: &str, message: &str) -> Problem {
    // Unknown, repeated and missing ones are named by serde's sentence, not by the path.
    let parameter = message.split('`').nth(1).filter(|_| parameter == "." || parameter == "?").unwrap_or(parameter);
    let problem = Problem::new(Code::ValidationFailed).detail(format!("the query does not fit: {message}"));
    if parameter == "." { problem } else { problem.member("parameter", parameter) }
}
