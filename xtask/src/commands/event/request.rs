//! A signed request as an API Gateway HTTP API or a function URL hands it over (payload 2.0).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Typed, demo, kept, message, read};
use crate::checkout::Checkout;
use crate::commands::order;
use crate::failure::{Context, Failure, Result};
use crate::manifest::{Http, Need};
use crate::options::Options;
use crate::random;
use crate::signing::{Key, Moment, Request, sign};
use crate::webhooks;

/// The event of a request that the options describe.
pub fn event(checkout: &Checkout, name: &str, http: &Http, typed: &Typed) -> Result<Value> {
    let options = &typed.options;
    let routes = http.routes();
    let route = match options.text("--route") {
        Some(wanted) => routes.iter().find(|route| *route == wanted),
        None => routes.first(),
    };
    let route = route.ok_or_else(|| Failure::new(format!("{name} answers {}", routes.join(", "))))?;
    let (method, template) = route.split_once(' ').unwrap_or(("", route));
    let path = fill(template, &typed.parameters)?;
    let query = options.text("--query").unwrap_or_default().trim_start_matches('?');
    let body = match options.text("--body") {
        Some(file) => Some(read(file)?),
        None => sample(checkout, name, options)?,
    };
    let mut headers = headers(http, &typed.headers, body.is_some())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context(|| "the clock is before 1970".into())?;
    let signature = match http.permission.as_str() {
        "public" => Vec::new(),
        "webhook" => {
            let secret = webhook_secret(checkout, options)?;
            webhooks::sign(&format!("msg_{}", random::token()?), now.as_secs(), body.as_deref().unwrap_or_default(), &secret)?
        }
        _ => {
            let (id, secret) = key(checkout, options)?;
            let named: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let target = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
            let request = Request { method, target: &target, headers: &named, body: body.as_deref() };
            let moment = Moment { created: now.as_secs(), nonce: &random::token()? };
            sign(&request, &Key { id: &id, secret: &secret }, &moment)?
        }
    };
    headers.extend(signature.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(payload(route, &Sent { method, path: &path, query, headers, body, at: now }))
}

/// What is sent to an endpoint when no body is given, if there is anything to show.
fn sample(checkout: &Checkout, name: &str, options: &Options) -> Result<Option<Vec<u8>>> {
    let body = match name {
        "create-order" => order::default_order(),
        "receive-payment-webhook" => message::webhook(checkout, options)?,
        _ => return Ok(None),
    };
    Ok(Some(body.to_string().into_bytes()))
}

/// A request as it would go over the wire.
struct Sent<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    at: Duration,
}

fn payload(route: &str, sent: &Sent<'_>) -> Value {
    let headers: Map<String, Value> = sent.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": sent.path,
        "rawQueryString": sent.query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "local.example",
            "domainPrefix": "local",
            "http": { "method": sent.method, "path": sent.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "xtask" },
            "requestId": "local",
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": u64::try_from(sent.at.as_millis()).unwrap_or(u64::MAX),
        },
        "isBase64Encoded": false,
    });
    if let Some(body) = &sent.body {
        let text = std::str::from_utf8(body);
        event["isBase64Encoded"] = text.is_err().into();
        event["body"] = text.map_or_else(|_| STANDARD.encode(body), str::to_owned).into();
    }
    event
}

/// The headers in lower case, with those that the function cannot do without.
fn headers(http: &Http, typed: &[String], has_body: bool) -> Result<Vec<(String, String)>> {
    let mut headers = vec![("host".to_owned(), "local.example".to_owned())];
    for header in typed {
        let (name, value) = header.split_once(':').ok_or_else(|| Failure::new(format!("--header {header:?} is not NAME: VALUE")))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let lacks = |headers: &[(String, String)], wanted: &str| headers.iter().all(|(name, _)| name != wanted);
    if has_body && lacks(&headers, "content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    if http.idempotency == Need::Required && lacks(&headers, "idempotency-key") {
        headers.push(("idempotency-key".to_owned(), random::token()?));
    }
    if http.if_match == Need::Required && lacks(&headers, "if-match") {
        return Err(Failure::new("this function demands a version: --header 'If-Match: \"v1\"'"));
    }
    Ok(headers)
}

fn webhook_secret(checkout: &Checkout, options: &Options) -> Result<String> {
    let given = options.text("--secret").map(str::to_owned);
    let missing = || Failure::new("there is no secret of webhooks yet; start cargo xtask dev once, or give --secret");
    given.or_else(|| kept(checkout, "secrets.json", "payment_webhook_secret")).ok_or_else(missing)
}

fn key(checkout: &Checkout, options: &Options) -> Result<(String, String)> {
    match (options.text("--key-id"), options.text("--secret")) {
        (Some(id), Some(secret)) => Ok((id.to_owned(), secret.to_owned())),
        (None, None) => {
            let option = "--key-id and --secret";
            Ok((demo(checkout, "key_id", option)?, demo(checkout, "secret", option)?))
        }
        _ => Err(Failure::new("--key-id and --secret belong together")),
    }
}

/// A route with its parameters filled in: `/v1/orders/{order_id}` and `order_id=ord_…`.
fn fill(route: &str, parameters: &[String]) -> Result<String> {
    let mut path = route.to_owned();
    for parameter in parameters {
        let named = parameter.split_once('=').map(|(name, value)| (format!("{{{name}}}"), value));
        let (place, value) = named
            .filter(|(place, _)| path.contains(place))
            .ok_or_else(|| Failure::new(format!("--path {parameter:?} is not NAME=VALUE for a parameter of {route}")))?;
        path = path.replace(&place, &percent_encoded(value));
    }
    match path.split_once('{').and_then(|(_, rest)| rest.split_once('}')) {
        Some((missing, _)) => Err(Failure::new(format!("{route} needs --path {missing}=VALUE"))),
        None => Ok(path),
    }
}

/// As a segment of a path (RFC 3986 §3.3); unreserved characters stay.
fn percent_encoded(text: &str) -> String {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if is_unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_route_is_filled_or_says_what_it_lacks() {
        let fill = |route: &str, parameters: &[&str]| {
            let parameters: Vec<String> = parameters.iter().map(ToString::to_string).collect();
            fill(route, &parameters).map_err(|failure| failure.to_string())
        };
        assert_eq!(fill("/v1/orders", &[]).unwrap(), "/v1/orders");
        assert_eq!(fill("/v1/orders/{order_id}/cancel", &["order_id=ord_1"]).unwrap(), "/v1/orders/ord_1/cancel");
        assert_eq!(fill("/v1/{a}/{b}", &["b=ü/", "a=1=2"]).unwrap(), "/v1/1%3D2/%C3%BC%2F");
        assert!(fill("/v1/orders/{order_id}", &[]).unwrap_err().contains("needs --path order_id=VALUE"));
        assert!(fill("/v1/orders", &["order_id=1"]).unwrap_err().contains("for a parameter of /v1/orders"));
    }
}
