//! What is done to an order: a caller's request, or the partner's news.

use serde_json::{Value, json};
use tests::{Answer, Request};

use super::{course::Course, scene::Order};

/// A part of every order, in minor units: two of them fit, three do not.
const PART: i64 = 400;
/// How often a caller comes back who was told to; beyond it the service is stuck.
const ATTEMPTS_MAX: usize = 20;

/// One of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Racer {
    /// Takes all that is set aside.
    CaptureRest,
    /// Takes a part.
    CapturePart,
    /// Gives back all that may be.
    RefundRest,
    /// Gives back a part.
    RefundPart,
    /// Pays back the units of a line.
    RefundLine,
    /// Cancels the order.
    Cancel,
    /// Lets the tender go.
    Void,
    /// What is at the partner succeeds, and an event tells of it.
    Success,
    /// What is at the partner succeeds, and a webhook tells of it.
    Webhook,
    /// What is at the partner fails.
    Failure,
    /// The order's payment deadline passes.
    Deadline,
}

impl Racer {
    /// It is no caller's.
    pub const fn is_news(self) -> bool {
        matches!(self, Self::Success | Self::Webhook | Self::Failure | Self::Deadline)
    }

    /// Does it, and says what it was answered: a status, and the code of a refusal.
    pub async fn run(self, course: &Course, order: &Order, key: &str) -> String {
        let (captures, void) = (format!("/v1/payments/{}/captures", order.payment_id), format!("/v1/payments/{}/void", order.payment_id));
        let (refunds, cancel) = (format!("/v1/orders/{}/refunds", order.id), format!("/v1/orders/{}/cancel", order.id));
        let refund = |what: Value| async move {
            let mut body = what;
            body["reason"] = "damaged".into();
            ask(course, order, &refunds, Some(body), key).await
        };
        match self {
            Self::CaptureRest => ask(course, order, &captures, None, key).await,
            Self::CapturePart => ask(course, order, &captures, Some(json!({ "amount": PART })), key).await,
            Self::RefundRest => refund(json!({})).await,
            Self::RefundPart => refund(json!({ "amount": PART })).await,
            Self::RefundLine => refund(json!({ "lines": [{ "id": order.line_id, "quantity": 2 }] })).await,
            Self::Cancel => ask(course, order, &cancel, None, key).await,
            Self::Void => ask(course, order, &void, None, key).await,
            Self::Success => {
                course.succeed(&order.id, order.at_partner.as_ref().unwrap()).await;
                "told".to_owned()
            }
            Self::Webhook => {
                course.succeed_by_webhook(&order.id, order.at_partner.as_ref().unwrap()).await;
                "told".to_owned()
            }
            Self::Deadline => {
                course.pass_deadline(&order.id).await;
                "told".to_owned()
            }
            Self::Failure => {
                course.fail(&order.id, order.at_partner.as_ref().unwrap()).await;
                "told".to_owned()
            }
        }
    }
}

/// Asks until there is an answer that coming back would not change. What it asks of the partner is sent at once.
async fn ask(course: &Course, order: &Order, path: &str, body: Option<Value>, key: &str) -> String {
    let request = course.caller.post(path).key(key);
    let request = match &body {
        Some(body) => request.json(body),
        None => request,
    };
    let answer = answer(request).await;
    let document = answer.json();
    for operation in document["operations"].as_array().into_iter().flatten() {
        course.send(&order.id, &order.payment_id, operation["id"].as_str().unwrap()).await;
    }
    document["code"].as_str().map_or_else(|| answer.status.to_string(), |code| format!("{} {code}", answer.status))
}

async fn answer(request: Request<'_>) -> Answer {
    for _ in 0..ATTEMPTS_MAX {
        // Signed anew, because a signature holds once; the key stays the same.
        let answer = request.clone().nonce(&uuid::Uuid::new_v4().simple().to_string()).send().await;
        if answer.json()["retryable"] != true {
            return answer;
        }
    }
    panic!("told to come back {ATTEMPTS_MAX} times");
}
