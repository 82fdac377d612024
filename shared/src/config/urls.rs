//! The one check that every URL of the environment passes.

use url::Url;

use super::Reader;

/// The URL of a variable; notes a problem unless it is one with one of these schemes. An empty text is a variable that was not set,
/// which its reader has noted.
pub fn check(reader: &mut Reader<'_>, variable: &'static str, text: &str, schemes: &[&str], expected: &str) -> Option<Url> {
    if text.is_empty() {
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()));
    if url.is_none() {
        reader.problem(variable, format!("is not such a URL; expected {expected}"));
    }
    url
}
