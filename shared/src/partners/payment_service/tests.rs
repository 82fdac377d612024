//! The client against a payment service in this process that answers as it is told.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::IntoResponse,
};
use serde_json::json;

use super::*;
use crate::domain::{
    ids::{OperationId, OrderId, PaymentId, TenantId},
    payments::{OperationKind, report::ReportedStatus},
};

/// What the service answers, one after the other; the last stays.
struct Script {
    answers: Vec<(u16, String)>,
    calls: AtomicUsize,
    requests: Mutex<Vec<HeaderMap>>,
    called: Mutex<Vec<String>>,
}

async fn operations(State(script): State<Arc<Script>>, method: Method, uri: Uri, headers: HeaderMap) -> impl IntoResponse {
    let call = script.calls.fetch_add(1, Ordering::SeqCst);
    script.requests.lock().unwrap().push(headers);
    script.called.lock().unwrap().push(format!("{method} {uri}"));
    let (status, body) = script.answers[call.min(script.answers.len() - 1)].clone();
    (StatusCode::from_u16(status).unwrap(), body)
}

async fn service(answers: &[(u16, String)]) -> (PaymentService, Arc<Script>) {
    let script =
        Arc::new(Script { answers: answers.to_vec(), calls: AtomicUsize::new(0), requests: Mutex::default(), called: Mutex::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().fallback(operations).with_state(Arc::clone(&script));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (client(&url), script)
}

fn client(url: &str) -> PaymentService {
    let config = PaymentServiceConfig { url: url.parse().unwrap(), key_id: "orders".into(), secret: "osk_test".into() };
    PaymentService::new(&config).unwrap()
}

fn request() -> OperationRequest {
    OperationRequest {
        id: OperationId::new(Uuid::from_u128(1)),
        kind: OperationKind::Capture,
        tenant_id: TenantId::OPERATOR,
        order_id: OrderId::new(Uuid::from_u128(2)),
        payment_id: PaymentId::new(Uuid::from_u128(3)),
        amount: 3490,
        currency: "EUR".into(),
        method: Some("card".into()),
        token: Some("tok_visa".into()),
        reference: None,
    }
}

fn report(status: &str) -> String {
    json!({"id": request().id, "kind": "capture", "status": status, "amount": 3490, "currency": "EUR",
        "provider_reference": "ch_1", "occurred_at": "2026-11-22T10:00:00Z"})
    .to_string()
}

#[tokio::test]
async fn a_report_comes_back_as_it_was_given() {
    let (service, script) = service(&[(200, report("succeeded"))]).await;
    let Answer::Report(answer) = service.submit(&request(), Some("00-a-b-01")).await else { panic!("no report") };
    assert_eq!((answer.status, answer.provider_reference.as_deref()), (ReportedStatus::Succeeded, Some("ch_1")));
    let requests = script.requests.lock().unwrap();
    assert_eq!(requests[0]["idempotency-key"], "op_00000000000000000000000000000001");
    assert_eq!(requests[0]["traceparent"], "00-a-b-01");
    let covered = requests[0]["signature-input"].to_str().unwrap();
    assert!(covered.contains("\"content-digest\"") && covered.contains("\"idempotency-key\""), "{covered}");
}

#[tokio::test]
async fn an_overloaded_service_is_asked_again_under_a_fresh_nonce() {
    let (service, script) = service(&[(503, String::new()), (429, String::new()), (202, report("pending"))]).await;
    assert!(matches!(service.submit(&request(), None).await, Answer::Report(report) if report.status == ReportedStatus::Pending));
    let requests = script.requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    assert_ne!(requests[0]["signature-input"], requests[1]["signature-input"]);
}

#[tokio::test]
async fn a_refusal_is_definitive_and_a_conflict_is_not_a_refusal() {
    let refusal = json!({"failure": {"code": "card_declined", "message": "no"}}).to_string();
    let (refusing, script) = service(&[(402, refusal)]).await;
    let expected = Answer::Refused { code: "card_declined".into(), message: "no".into() };
    assert_eq!(refusing.submit(&request(), None).await, expected);
    assert_eq!(script.calls.load(Ordering::SeqCst), 1);

    let (conflicting, _) = service(&[(409, String::new())]).await;
    assert_eq!(conflicting.submit(&request(), None).await, Answer::Conflict);
}

#[tokio::test]
async fn what_says_nothing_is_unknown_and_opens_the_breaker() {
    let (service, script) = service(&[(500, String::new())]).await;
    assert!(matches!(service.submit(&request(), None).await, Answer::Unknown { .. }));
    assert_eq!(script.calls.load(Ordering::SeqCst), 4);
    // The fifth failure opens it in the middle of the next submission, which stays unknown; the one after is never sent.
    assert!(matches!(service.submit(&request(), None).await, Answer::Unknown { .. }));
    assert!(matches!(service.submit(&request(), None).await, Answer::NeverSent { .. }));
    assert_eq!(script.calls.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn an_answer_about_another_operation_is_unknown() {
    let other = report("succeeded").replace("op_00", "op_ff");
    let (service, _) = service(&[(200, other)]).await;
    assert!(matches!(service.submit(&request(), None).await, Answer::Unknown { .. }));
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_was_never_asked() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(matches!(client(&url).submit(&request(), None).await, Answer::NeverSent { .. }));
}

#[tokio::test]
async fn what_became_of_an_operation_is_asked_by_its_id() {
    let (service, script) = service(&[(503, String::new()), (200, report("succeeded"))]).await;
    let Inquiry::Report(told) = service.inquire(request().id).await else { panic!("no report") };
    assert_eq!((told.id, told.status), (request().id, ReportedStatus::Succeeded));
    assert_eq!(*script.called.lock().unwrap(), ["GET /v1/operations/op_00000000000000000000000000000001"; 2]);
    let requests = script.requests.lock().unwrap();
    let covered = requests[0]["signature-input"].to_str().unwrap();
    assert!(covered.contains("\"@path\"") && !covered.contains("content-digest"), "{covered}");
    assert_ne!(requests[0]["signature-input"], requests[1]["signature-input"]);
}

#[tokio::test]
async fn only_a_404_says_that_an_operation_was_never_seen() {
    let other = report("succeeded").replace("op_00", "op_ff");
    for (status, body, never_seen) in [
        (404, String::new(), true),
        (410, String::new(), false),
        (401, String::new(), false),
        (200, "{}".to_owned(), false),
        (200, other, false),
    ] {
        let (service, script) = service(&[(status, body)]).await;
        let told = service.inquire(request().id).await;
        assert!(if never_seen { told == Inquiry::NeverSeen } else { matches!(told, Inquiry::Unknown { .. }) }, "{status}: {told:?}");
        assert_eq!(script.calls.load(Ordering::SeqCst), 1, "{status} will not be answered better in a moment");
    }
}

#[tokio::test]
async fn a_question_that_is_not_answered_is_unknown_and_one_that_was_never_asked_is_not() {
    let (service, _) = service(&[(500, String::new())]).await;
    assert!(matches!(service.inquire(request().id).await, Inquiry::Unknown { .. }));
    assert!(matches!(service.inquire(request().id).await, Inquiry::Unknown { .. }));
    assert!(matches!(service.inquire(request().id).await, Inquiry::NeverSent { .. }), "the breaker is open");
}
