//! Endpoints that a partner pushes to: its signature, and nothing that a tenant's key could do.

use axum::body::Body;
use http::Request;

use super::{
    super::{BoxFuture, Call, Problem, Reply},
    HttpSpec, SPEC, THING, WEBHOOK_SECRET, app, post, send,
};
use crate::{clock, function::Access, secrets::WebhookSecret, signature::standard_webhooks::sign};

const TAKES_WEBHOOKS: HttpSpec = HttpSpec { permission: Access::Webhook, ..SPEC };
const BODY: &str = r#"{"type":"payment.captured"}"#;

/// Answers the id of the webhook.
fn id(call: Call) -> BoxFuture<'static, Result<Reply, Problem>> {
    Box::pin(async move { Reply::json(200, &call.webhook_id()?) })
}

fn pushed(body: &'static str) -> Request<Body> {
    let now = clock::now().as_second();
    let signature = sign("msg_1", now, BODY.as_bytes(), WebhookSecret::parse(WEBHOOK_SECRET).unwrap().key());
    post(THING, &[("webhook-id", "msg_1"), ("webhook-timestamp", &now.to_string()), ("webhook-signature", &signature)], body)
}

#[tokio::test]
async fn a_signed_webhook_is_let_in_and_named() {
    let answer = send(&app(TAKES_WEBHOOKS, id), pushed(BODY)).await;
    assert_eq!((answer.status, answer.json()), (200, "msg_1".into()));
}

#[tokio::test]
async fn a_refusal_says_why_and_how_to_sign() {
    let app = app(TAKES_WEBHOOKS, id);
    for (request, reason) in [(post(THING, &[], BODY), "missing"), (pushed("{}"), "mac-mismatch")] {
        let answer = send(&app, request).await;
        assert_eq!(answer.problem(), (401, format!("signature_{}", reason.replace('-', "_"))));
        assert_eq!((answer.json()["reason"].as_str(), answer.header("www-authenticate")), (Some(reason), "StandardWebhooks"));
        assert!(answer.json()["server_time"].is_string() && !answer.headers.contains_key("accept-signature"));
    }
}

#[tokio::test]
async fn who_pushes_holds_no_key_and_who_holds_a_key_pushes_nothing() {
    let asks_whose_key = app(TAKES_WEBHOOKS, |call| Box::pin(async move { call.principal().map(|_| Reply::no_content()) }));
    assert_eq!(send(&asks_whose_key, pushed(BODY)).await.problem().0, 500);
    assert_eq!(send(&app(SPEC, id), pushed(BODY)).await.problem().0, 500, "a public endpoint knows no webhook");
}
