//! `cargo xtask sign`: any request as a signed `curl` line.

mod curl;

use std::io::Read;

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::options::{Accepted, Options};
use crate::output;
use crate::process;
use crate::random;
use crate::signing::{Key, Request};
use crate::target::Target;
use curl::{Body, Curl};

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask sign METHOD PATH[?QUERY] [--json TEXT | --body FILE|-] [--header 'Name: value']…
                 [--idempotency-key auto|KEY|none] [--url URL] [--key-id ID --secret SECRET] [--run]

Prints a curl line, quoted for bash, that sends the request signed as docs/signing.md says. The line is good once, for
five minutes. Unless told otherwise it goes to the running `cargo xtask dev`, with the key of its demo tenant.

  --json TEXT               a body; its Content-Type is application/json unless a --header says otherwise
  --body FILE|-             a body from a file, which curl will read again, or from stdin
  --header 'Name: value'    one more header, as often as needed
  --idempotency-key auto    a new key; what POST gets unless told
  --idempotency-key KEY     this key
  --idempotency-key none    no key; what every other method gets
  --url URL                 another address
  --key-id ID               another key, together with
  --secret SECRET           its secret
  --run                     send it instead of printing it; curl's answer and exit status are the command's

  cargo xtask sign GET '/v1/orders?limit=1'
  cargo xtask sign POST /v1/orders --body order.json | bash";

const ACCEPTED: Accepted =
    Accepted { flags: &["--run"], values: &["--json", "--body", "--idempotency-key", "--url", "--key-id", "--secret"], words_max: 2 };

/// Headers that this command or curl makes.
const OURS: [&str; 5] = ["signature", "signature-input", "content-digest", "content-length", "host"];

/// Runs the command.
pub fn run(checkout: &Checkout, mut arguments: Vec<String>) -> Result<()> {
    let lines = Options::take_repeated(&mut arguments, "--header")?;
    let options = Options::read(arguments, &ACCEPTED)?;
    let [method, target] = &options.words[..] else {
        return Err(Failure::new("say the method and the path, such as: cargo xtask sign GET /v1/orders"));
    };
    check_method(method)?;
    check_target(target)?;
    let body = body(&options)?;
    let headers = headers(method, &lines, body.is_some(), options.text("--idempotency-key"))?;
    let service = Target::read(checkout, options.text("--url"), key(&options)?)?;

    let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // An empty body is none: there is nothing to digest.
    let bytes = body.as_ref().map(Body::bytes).filter(|bytes| !bytes.is_empty());
    let signature = service.sign(&Request { method, target, headers: &headers, body: bytes })?;
    headers.extend(signature.iter().map(|(name, value)| (*name, value.as_str())));
    let curl = Curl::new(method, &format!("{}{target}", service.url()), &headers, body.as_ref())?;
    if !options.has("--run") {
        return output::print(&curl.line());
    }
    match process::run(curl.command())?.success() {
        true => Ok(()),
        false => Err(Failure::told()),
    }
}

fn check_method(method: &str) -> Result<()> {
    match !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(()),
        false => Err(Failure::new(format!("{method:?} is not a method in capitals, such as POST"))),
    }
}

/// What is signed has to be what is sent, so nothing is left for curl to encode.
fn check_target(target: &str) -> Result<()> {
    let complaint = if !target.starts_with('/') {
        "begin with /; the address goes into --url"
    } else if target.contains('#') {
        "have no fragment, which is never sent; write %23 for #"
    } else if let Some(letter) = target.chars().find(|letter| !letter.is_ascii_graphic()) {
        return Err(Failure::new(format!("the path and the query are sent as they are: percent-encode {letter:?}")));
    } else {
        return Ok(());
    };
    Err(Failure::new(format!("the path {target:?} must {complaint}")))
}

fn body(options: &Options) -> Result<Option<Body>> {
    Ok(match (options.text("--json"), options.text("--body")) {
        (Some(_), Some(_)) => return Err(Failure::new("--json and --body are two bodies; give one")),
        (Some(text), None) => Some(Body::Inline(text.as_bytes().to_vec())),
        (None, Some("-")) => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).context(|| "cannot read the body from stdin".into())?;
            Some(Body::Inline(bytes))
        }
        (None, Some(file)) => {
            let bytes = std::fs::read(file).context(|| format!("cannot read {file}"))?;
            Some(Body::File { name: file.to_owned(), bytes })
        }
        (None, None) => None,
    })
}

/// What is sent besides the signature, names in lower case.
fn headers(method: &str, lines: &[String], has_body: bool, idempotency_key: Option<&str>) -> Result<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        let (name, value) = header(line)?;
        if headers.iter().any(|(given, _)| *given == name) {
            return Err(Failure::new(format!("the header {name} is given twice")));
        }
        headers.push((name, value));
    }
    let has = |name: &str| headers.iter().any(|(given, _)| given == name);
    let default_type = (has_body && !has("content-type")).then(|| ("content-type".to_owned(), "application/json".to_owned()));
    let key = match (idempotency_key, has("idempotency-key")) {
        (Some(_), true) => return Err(Failure::new("--idempotency-key and --header are two keys; give one")),
        (Some("none"), false) | (None, true) => None,
        (None, false) if method != "POST" => None,
        (Some("auto") | None, false) => Some(random::token()?),
        (Some(key), false) => Some(header(&format!("idempotency-key:{key}"))?.1),
    };
    headers.extend(default_type);
    headers.extend(key.map(|key| ("idempotency-key".to_owned(), key)));
    Ok(headers)
}

/// `Name: value`, the name in lower case.
fn header(line: &str) -> Result<(String, String)> {
    let Some((name, value)) = line.split_once(':') else {
        return Err(Failure::new(format!("{line:?} is not a header; it has the form 'Name: value'")));
    };
    let (name, value) = (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']));
    let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !is_token {
        return Err(Failure::new(format!("{name:?} is not the name of a header")));
    }
    if OURS.contains(&name.as_str()) {
        return Err(Failure::new(format!("the header {name} is made here and cannot be given")));
    }
    // curl takes `Name:` as "send no such header".
    if value.is_empty() || !value.bytes().all(|byte| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic()) {
        return Err(Failure::new(format!("the value of the header {name} must be visible ASCII characters and blanks")));
    }
    Ok((name, value.to_owned()))
}

fn key(options: &Options) -> Result<Option<Key<'_>>> {
    match (options.text("--key-id"), options.text("--secret")) {
        (Some(id), Some(secret)) => Ok(Some(Key { id, secret })),
        (None, None) => Ok(None),
        _ => Err(Failure::new("--key-id and --secret go together")),
    }
}

#[cfg(test)]
mod tests;
