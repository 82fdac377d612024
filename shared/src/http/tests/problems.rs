//! Every code with its status, and every inner error with its code.

use super::super::{Code, Problem};
use crate::{
    commands::CommandError,
    db,
    domain::{ids::OrderId, invalid::FieldError},
};

/// The contract, written down a second time on purpose.
const CONTRACT: &str = "
    400 malformed idempotency_key_required
    401 unauthenticated signature_missing signature_malformed signature_unknown_key signature_clock_skew signature_digest_mismatch
    401 signature_missing_component signature_mac_mismatch signature_replayed
    403 insufficient_scope tenant_suspended
    404 not_found
    405 method_not_allowed
    409 invalid_transition order_busy order_on_hold key_ended duplicate_external_reference idempotency_in_progress
    412 version_mismatch
    413 payload_too_large
    415 unsupported_media_type
    422 validation_failed idempotency_key_reused amount_exceeds_capturable amount_exceeds_refundable quantity_exceeds_available
    428 precondition_required
    429 rate_limited
    500 internal
    503 dependency_unavailable";

#[test]
fn every_code_has_the_status_of_the_contract() {
    let contract = CONTRACT.lines().filter_map(|line| line.trim().split_once(' ')).flat_map(|(status, codes)| {
        let status: u16 = status.parse().unwrap();
        codes.split(' ').map(move |code| (code, status))
    });
    let ours = Code::ALL.iter().map(|code| (code.as_str(), code.status()));
    assert_eq!(ours.collect::<Vec<_>>(), contract.collect::<Vec<_>>());
}

#[test]
fn what_passes_by_itself_says_when_to_come_back() {
    let soon = ["order_busy", "idempotency_in_progress", "dependency_unavailable"];
    for code in Code::ALL {
        assert_eq!(code.retry_after_s().is_some(), soon.contains(&code.as_str()), "{}", code.as_str());
        assert_eq!(code.retryable(), soon.contains(&code.as_str()) || *code == Code::RateLimited, "{}", code.as_str());
    }
}

#[test]
fn every_command_error_has_its_code() {
    let order: OrderId = "ord_0198f000000070008000000000000001".parse().unwrap();
    let commit_unknown = || db::Error::CommitUnknown(sqlx::Error::WorkerCrashed);
    for (error, code) in [
        (CommandError::NotFound, Code::NotFound),
        (CommandError::NotYetKnown("order"), Code::NotFound),
        (CommandError::Invalid(Vec::new()), Code::ValidationFailed),
        (CommandError::IdempotencyInProgress, Code::IdempotencyInProgress),
        (CommandError::IdempotencyKeyReused, Code::IdempotencyKeyReused),
        (CommandError::OrderBusy, Code::OrderBusy),
        (CommandError::DuplicateExternalReference { order }, Code::DuplicateExternalReference),
        (CommandError::OutcomeUnknown(commit_unknown()), Code::DependencyUnavailable),
        (CommandError::Unavailable("away".into()), Code::DependencyUnavailable),
        (CommandError::PartnerUnavailable("payment service"), Code::DependencyUnavailable),
        (CommandError::Contended(commit_unknown()), Code::DependencyUnavailable),
        (CommandError::Poison("impossible".to_owned()), Code::Internal),
        (CommandError::Internal("a bug".into()), Code::Internal),
    ] {
        assert_eq!(Problem::from(error).code(), code);
    }
    assert_eq!(Problem::from(CommandError::from(db::Error::LockTimeout(db::LockWait::Order))).code(), Code::OrderBusy);
    assert_eq!(Problem::from(CommandError::from(db::Error::LockTimeout(db::LockWait::Claim))).code(), Code::IdempotencyInProgress);
}

#[test]
fn a_problem_on_the_wire() {
    let error = FieldError { pointer: "/lines/0".to_owned(), code: "duplicate", message: "named twice".to_owned() };
    let reply = Problem::invalid(vec![error]).detail("one line").member("allowed_actions", vec!["cancel"]).into_reply("req-1");
    let response = reply.into_response();
    assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (422, &"application/problem+json".parse().unwrap()));
    let problem = Problem::invalid(Vec::new()).into_reply("req-1");
    assert!(!problem.headers().contains_key("retry-after"));
}

#[test]
fn the_cause_is_for_operators_alone() {
    let problem = Problem::from(CommandError::Internal("secret of the house".into()));
    assert_eq!(problem.cause_chain().as_deref(), Some("internal error: secret of the house"));
    let shown = problem.to_string() + &format!("{:?}", problem.into_reply("req-1"));
    assert!(!shown.contains("secret"), "{shown}");
}
