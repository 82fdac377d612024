//! Which operations pass which crash point: one row a point. A combination that is not here does not exist.

use shared::chaos::CrashPoint;

use super::operation::Operation;

/// What callers ask of an order that exists.
const REQUESTS: [Operation; 2] = [Operation::CreatePayment, Operation::CancelOrder];
/// Everything that changes an order: requests, messages, and the two changes that sending an operation makes.
const CHANGES: [Operation; 7] = [
    REQUESTS[0],
    REQUESTS[1],
    Operation::StockAnswer,
    Operation::PaymentEvent,
    Operation::ShipmentReport,
    Operation::SendOperation,
    Operation::RecordAnswer,
];
/// A change of which a repeat would be seen even where the domain shrugs at repeats.
const CHANGES_AND_LATE_NEWS: [Operation; 8] =
    [CHANGES[0], CHANGES[1], CHANGES[2], CHANGES[3], CHANGES[4], CHANGES[5], CHANGES[6], Operation::LateStockAnswer];
/// What comes from a queue.
const MESSAGES: [Operation; 6] = [
    Operation::StockAnswer,
    Operation::LateStockAnswer,
    Operation::PaymentEvent,
    Operation::ShipmentReport,
    Operation::SendOperation,
    Operation::EarlyEvent,
];

/// Every crash point and the operations that are killed there.
const TABLE: &[(CrashPoint, &[Operation])] = &[
    (CrashPoint::CreateBeforeStatement, &[Operation::CreateOrder]),
    (CrashPoint::CreateAfterStatement, &[Operation::CreateOrder]),
    (CrashPoint::NumbersAfterAllotment, &[Operation::CreateOrder]),
    (CrashPoint::ChangeBeforeClaim, &CHANGES),
    (CrashPoint::ChangeAfterClaim, &CHANGES),
    (CrashPoint::ChangeAfterLoad, &CHANGES),
    (CrashPoint::ChangeBeforeSave, &CHANGES),
    (CrashPoint::ChangeBeforeCommit, &CHANGES_AND_LATE_NEWS),
    (CrashPoint::ChangeAfterCommit, &CHANGES_AND_LATE_NEWS),
    (CrashPoint::AdministerBeforeCommit, &[Operation::CreateApiKey]),
    (CrashPoint::AdministerAfterCommit, &[Operation::CreateApiKey]),
    (CrashPoint::ReplayBeforeRead, &[Operation::CreateOrder, Operation::CancelOrder, Operation::CreateApiKey]),
    (CrashPoint::ReplayAfterRead, &[Operation::CreateOrder, Operation::CancelOrder, Operation::CreateApiKey]),
    (CrashPoint::AnswerBeforeSending, &[Operation::CreateOrder, REQUESTS[0], REQUESTS[1], Operation::CreateApiKey]),
    (CrashPoint::WakerBeforeRing, &[Operation::CreateOrder, Operation::CancelOrder, Operation::StockAnswer]),
    (CrashPoint::MessageReceived, &MESSAGES),
    (CrashPoint::MessageBeforeAck, &MESSAGES),
    (CrashPoint::FilingBeforeCommit, &[Operation::EarlyEvent]),
    (CrashPoint::FilingAfterCommit, &[Operation::EarlyEvent]),
    (CrashPoint::SendingBeforeCall, &[Operation::SendOperation]),
    (CrashPoint::SendingBeforeReading, &[Operation::SendOperation]),
    (CrashPoint::SendingBeforeRecord, &[Operation::SendOperation]),
    (CrashPoint::SendingAfterRecord, &[Operation::SendOperation]),
    (CrashPoint::RelayAfterShards, &[Operation::Publish]),
    (CrashPoint::RelayBeforePublish, &[Operation::Publish]),
    (CrashPoint::RelayBeforeConfirm, &[Operation::Publish]),
    (CrashPoint::RelayBeforeMark, &[Operation::Publish]),
    (CrashPoint::RelayAfterMark, &[Operation::Publish]),
];

/// The points at which an operation is killed, in the order of the table.
pub fn points(operation: Operation) -> impl Iterator<Item = CrashPoint> {
    TABLE.iter().filter(move |(_, operations)| operations.contains(&operation)).map(|(point, _)| *point)
}

#[test]
fn every_crash_point_kills_some_operation_and_every_operation_is_killed() {
    let rows: Vec<CrashPoint> = TABLE.iter().map(|(point, _)| *point).collect();
    assert_eq!(rows, CrashPoint::ALL, "a point without a row, or a row too many");
    assert!(TABLE.iter().all(|(_, operations)| !operations.is_empty()));
    for operation in Operation::ALL {
        assert!(points(operation).next().is_some(), "{} is never killed", operation.name());
    }
}
