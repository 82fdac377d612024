//! Which operations pass which crash point: one row a point. A combination that is not here does not exist.

use shared::chaos::CrashPoint;

use super::operation::Operation;

/// What callers ask of an order that exists.
const REQUESTS: &[Operation] =
    &[Operation::CreatePayment, Operation::CancelOrder, Operation::CapturePayment, Operation::VoidPayment, Operation::RefundOrder];
/// What the payment service pushes.
const WEBHOOK: &[Operation] = &[Operation::PaymentWebhook];
/// What partners tell of an order.
const NEWS: &[Operation] = &[Operation::StockAnswer, Operation::PaymentEvent, Operation::ShipmentReport];
/// News that comes for many orders at once.
const MUCH_NEWS: &[Operation] = &[Operation::StockAnswers];
/// News of which a repeat would be seen: the domain shrugs at others that come twice, so the inbox is not alone in keeping them out.
const LATE_NEWS: &[Operation] = &[Operation::LateStockAnswer];
/// The two changes that sending an operation makes.
const SENDING: &[Operation] = &[Operation::Send, Operation::RecordAnswer];
/// The commands whose repeats are tried.
const REPEATED: &[Operation] = &[Operation::CreateOrder, Operation::CancelOrder, Operation::RefundOrder, Operation::CreateApiKey];

const CREATE_ORDER: &[Operation] = &[Operation::CreateOrder];
const CREATE_API_KEY: &[Operation] = &[Operation::CreateApiKey];
const EARLY_EVENT: &[Operation] = &[Operation::EarlyEvent];
const SEND: &[Operation] = &[Operation::Send];
const PUBLISH: &[Operation] = &[Operation::Publish];

/// Every crash point and the operations that are killed there.
const TABLE: &[(CrashPoint, &[&[Operation]])] = &[
    (CrashPoint::CreateBeforeStatement, &[CREATE_ORDER]),
    (CrashPoint::CreateAfterStatement, &[CREATE_ORDER]),
    (CrashPoint::NumbersAfterAllotment, &[CREATE_ORDER]),
    (CrashPoint::ChangeBeforeClaim, &[REQUESTS, WEBHOOK, NEWS, SENDING]),
    (CrashPoint::ChangeAfterClaim, &[REQUESTS, WEBHOOK, NEWS, SENDING]),
    (CrashPoint::ChangeAfterLoad, &[REQUESTS, WEBHOOK, NEWS, SENDING]),
    (CrashPoint::ChangeBeforeSave, &[REQUESTS, WEBHOOK, NEWS, SENDING]),
    (CrashPoint::ChangeBeforeCommit, &[REQUESTS, WEBHOOK, NEWS, LATE_NEWS, SENDING]),
    (CrashPoint::ChangeAfterCommit, &[REQUESTS, WEBHOOK, NEWS, LATE_NEWS, SENDING]),
    (CrashPoint::TogetherAfterClaim, &[MUCH_NEWS]),
    (CrashPoint::TogetherBeforeCommit, &[MUCH_NEWS]),
    (CrashPoint::TogetherAfterCommit, &[MUCH_NEWS]),
    (CrashPoint::AdministerBeforeCommit, &[CREATE_API_KEY]),
    (CrashPoint::AdministerAfterCommit, &[CREATE_API_KEY]),
    (CrashPoint::ReplayBeforeRead, &[REPEATED]),
    (CrashPoint::ReplayAfterRead, &[REPEATED]),
    (CrashPoint::AnswerBeforeSending, &[CREATE_ORDER, REQUESTS, WEBHOOK, CREATE_API_KEY]),
    (CrashPoint::WakerBeforeRing, &[CREATE_ORDER, &[Operation::CancelOrder, Operation::StockAnswer]]),
    (CrashPoint::MessageReceived, &[NEWS, LATE_NEWS, EARLY_EVENT, SEND]),
    (CrashPoint::MessageBeforeAck, &[NEWS, LATE_NEWS, EARLY_EVENT, SEND]),
    (CrashPoint::FilingBeforeCommit, &[EARLY_EVENT]),
    (CrashPoint::FilingAfterCommit, &[EARLY_EVENT]),
    (CrashPoint::SendingBeforeCall, &[SEND]),
    (CrashPoint::SendingBeforeReading, &[SEND]),
    (CrashPoint::SendingBeforeRecord, &[SEND]),
    (CrashPoint::SendingAfterRecord, &[SEND]),
    (CrashPoint::RelayAfterShards, &[PUBLISH]),
    (CrashPoint::RelayBeforePublish, &[PUBLISH]),
    (CrashPoint::RelayBeforeConfirm, &[PUBLISH]),
    (CrashPoint::RelayBeforeMark, &[PUBLISH]),
    (CrashPoint::RelayAfterMark, &[PUBLISH]),
];

/// The points at which an operation is killed, in the order of the table.
pub fn points(operation: Operation) -> impl Iterator<Item = CrashPoint> {
    TABLE.iter().filter(move |(_, groups)| groups.concat().contains(&operation)).map(|(point, _)| *point)
}

#[test]
fn every_crash_point_kills_some_operation_and_every_operation_is_killed() {
    let rows: Vec<CrashPoint> = TABLE.iter().map(|(point, _)| *point).collect();
    assert_eq!(rows, CrashPoint::ALL, "a point without a row, or a row too many");
    assert!(TABLE.iter().all(|(_, groups)| !groups.concat().is_empty()));
    for operation in Operation::ALL {
        assert!(points(operation).next().is_some(), "{} is never killed", operation.name());
    }
}
