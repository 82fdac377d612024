//! API Gateway HTTP APIs (`$default` stage) and function URLs, which send the same payload 2.0: the same router as everywhere.
//!
//! Signatures are made over path and query as sent, so both reach the router untouched. The body comes decoded from base64.
//!
//! An answer that lasts is streamed, which only a function URL passes on (`RESPONSE_STREAM`). API Gateway would wait for its end and pass on
//! something else, so it is told at once that such an answer is not to be had there.

use std::{convert::Infallible, time::Duration};

use axum::{Router, body::Body};
use http::{HeaderMap, HeaderName, HeaderValue, Response, Uri, header::SET_COOKIE, uri::PathAndQuery};
use lambda_http::{
    Adapter, LambdaEvent, Request, RequestExt as _, Service, StreamAdapter,
    aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    lambda_runtime::{self, FunctionResponse},
    request::{LambdaRequest, RequestContext},
    service_fn,
    tower::ServiceExt as _,
};

use super::time;
use crate::{
    http::{Buffered, HostDeadline},
    runtime::start_error::StartError,
};

/// Kept free at the end of an invocation, so that the answer still gets out.
const RESERVE: Duration = Duration::from_millis(500);
/// Longer than any endpoint's own limit, which then decides: what to assume where Lambda does not say its deadline.
const UNKNOWN_SECONDS: u64 = 900;

/// Answers requests until Lambda ends the process.
pub(super) async fn answer(router: Router) -> Result<(), StartError> {
    let service = service_fn(move |request| answer_one(router.clone(), request));
    Box::pin(lambda_http::run(service)).await.map_err(StartError::Lambda)
}

/// The same where answers may last: each is streamed if whoever brought the request passes that on.
pub(super) async fn answer_streaming(router: Router) -> Result<(), StartError> {
    let service = service_fn(move |request| answer_one(router.clone(), request));
    let invoke = service_fn(move |event: LambdaEvent<LambdaRequest>| {
        let service = service.clone();
        async move {
            match &event.payload {
                LambdaRequest::ApiGatewayV2(request) if is_gateway(&request.request_context) => {
                    Adapter::from(service).call(event).await.map(FunctionResponse::BufferedResponse)
                }
                _ => StreamAdapter::from(service).call(event).await.map(FunctionResponse::StreamingResponse),
            }
        }
    });
    Box::pin(lambda_runtime::run(invoke)).await.map_err(StartError::Lambda)
}

/// Whether an API Gateway brings the request. It says so in its own name; behind another name, its API's id is not the name's first label,
/// as that of a function URL is.
fn is_gateway(context: &ApiGatewayV2httpRequestContext) -> bool {
    let name = context.domain_name.as_deref().unwrap_or_default();
    let is_behind_a_name = || context.apiid.is_some() && context.domain_prefix.is_some() && context.apiid != context.domain_prefix;
    name.contains(".execute-api.") || is_behind_a_name()
}

async fn answer_one(router: Router, mut request: Request) -> Result<Response<Body>, Infallible> {
    if let Some(uri) = as_sent(&request) {
        *request.uri_mut() = uri;
    }
    if let Some(context) = request.lambda_context_ref() {
        let deadline = time::deadline(context, UNKNOWN_SECONDS);
        request.extensions_mut().insert(HostDeadline(deadline - RESERVE));
    }
    if matches!(request.request_context_ref(), Some(RequestContext::ApiGatewayV2(context)) if is_gateway(context)) {
        request.extensions_mut().insert(Buffered);
    }
    let mut response = router.oneshot(request).await?;
    fold(response.headers_mut());
    Ok(response)
}

/// Path and query as the caller sent them. `lambda_http` leaves the query alone and rewrites the path by the rules of browsers
/// (`/a/./b` becomes `/a/b`), which a signature does not survive.
fn as_sent(request: &Request) -> Option<Uri> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let sent: PathAndQuery = format!("{}{query}", request.raw_http_path()).parse().ok()?;
    Some(sent.into())
}

/// Joins header fields that occur more than once (RFC 9110 §5.2): payload 2.0 has one value a name, and the rest would be lost.
fn fold(headers: &mut HeaderMap) {
    let repeated: Vec<HeaderName> =
        headers.keys().filter(|name| **name != SET_COOKIE && headers.get_all(*name).iter().nth(1).is_some()).cloned().collect();
    for name in repeated {
        let values: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            headers.insert(name, joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(path: &str, query: &str) -> Request {
        let event: Value = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": { "host": "api.example" },
            "requestContext": { "http": { "method": "GET", "path": path }, "stage": "$default" },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn path_and_query_stay_as_sent() {
        for (path, query) in
            [("/v1/orders", ""), ("/v1/orders/ord%5F1", "expand=payments%2Cfulfillments"), ("/v1/./orders/%2e%2e/x", "a=%20&a=b+c&d")]
        {
            let uri = as_sent(&event(path, query)).unwrap();
            assert_eq!((uri.path(), uri.query().unwrap_or_default()), (path, query));
        }
    }

    #[test]
    fn a_gateway_is_told_from_a_function_url() {
        for (domain, prefix, api, is_theirs) in [
            ("abc123.execute-api.eu-central-1.amazonaws.com", "abc123", "abc123", true),
            ("api.example.com", "api", "abc123", true),
            ("url456.lambda-url.eu-central-1.on.aws", "url456", "url456", false),
        ] {
            let context = json!({
                "http": { "method": "GET", "path": "/" }, "timeEpoch": 0, "domainName": domain, "domainPrefix": prefix, "apiId": api,
            });
            assert_eq!(is_gateway(&serde_json::from_value(context).unwrap()), is_theirs, "{domain}");
        }
    }

    #[test]
    fn repeated_fields_are_joined_and_cookies_are_not() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("link", "<a>"), ("link", "<b>"), ("etag", "\"v1\""), ("set-cookie", "a=1"), ("set-cookie", "b=2")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        fold(&mut headers);
        assert_eq!((&headers["link"], headers.get_all("link").iter().count()), (&HeaderValue::from_static("<a>, <b>"), 1));
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    }
}
