//! Query parameters, read strictly: an unknown one, a repeated one or a value that does not fit is refused by name.

use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::{Code, Problem};

/// The parameters as a handler's struct, which must say `#[serde(deny_unknown_fields)]`.
///
/// # Errors
/// 422 `validation_failed` with the parameter's name where there is one to name.
pub(super) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let parameters = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(parameters).map_err(|error| misfit(&error.path().to_string(), &error.inner().to_string()))
}

/// 422 about one parameter.
pub(super) fn misfit(parameter: &str, message: &str) -> Problem {
    // Unknown, repeated and missing ones are named by serde's sentence, not by the path.
    let parameter = message.split('`').nth(1).filter(|_| parameter == "." || parameter == "?").unwrap_or(parameter);
    let problem = Problem::new(Code::ValidationFailed).detail(format!("the query does not fit: {message}"));
    if parameter == "." { problem } else { problem.member("parameter", parameter) }
}
