//! The steps of an operation's life as a list, for those who draw it. [`Operation::judge`](super::Operation::judge) decides; the test
//! holds the list against it.

use super::operation::OperationState::{self, Failed, Requested, Sent, Succeeded, Unknown};

/// One step: in `from`, `cause` leads to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The state before.
    pub from: OperationState,
    /// What happens, in a few words.
    pub cause: &'static str,
    /// The state after.
    pub to: OperationState,
}

const fn step(from: OperationState, cause: &'static str, to: OperationState) -> Step {
    Step { from, cause, to }
}

const ON_ITS_WAY: &str = "put on its way";
const MOVED: &str = "the money moved";
const REFUSED: &str = "refused";
const SILENCE: &str = "no answer";

/// Every step there is. Whatever else is told of an operation leaves its state as it is.
pub const STEPS: &[Step] = &[
    step(Requested, ON_ITS_WAY, Sent),
    step(Requested, MOVED, Succeeded),
    step(Requested, REFUSED, Failed),
    step(Requested, SILENCE, Unknown),
    step(Sent, MOVED, Succeeded),
    step(Sent, REFUSED, Failed),
    step(Sent, SILENCE, Unknown),
    step(Unknown, MOVED, Succeeded),
    step(Unknown, REFUSED, Failed),
    step(Failed, "the money moved after all", Succeeded),
];

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        ids::{OperationId, PaymentId},
        money::Amount,
        payments::{
            Operation, OperationKind,
            operation::{Failure, Outcome, Verdict},
        },
        timestamp::Timestamp,
    };

    /// The outcomes that change a state, with the one that each leads to where it is applied.
    fn outcomes() -> [(Outcome, OperationState); 3] {
        [
            (Outcome::Succeeded { amount: Amount::ZERO, provider_reference: None }, Succeeded),
            (Outcome::Failed(Failure { code: String::new(), message: String::new() }), Failed),
            (Outcome::Unknown, Unknown),
        ]
    }

    fn operation(state: OperationState) -> Operation {
        let (id, payment) = (OperationId::new(Uuid::nil()), PaymentId::new(Uuid::nil()));
        let fresh = Operation::requested(id, payment, OperationKind::Capture, Amount::ZERO, Timestamp::from_microsecond(0));
        Operation { state, ..fresh }
    }

    #[test]
    fn the_list_has_what_is_applied_and_nothing_else() {
        for &from in OperationState::ALL {
            for (outcome, to) in outcomes() {
                let applied = operation(from).judge(&outcome) == Verdict::Apply;
                let listed = STEPS.iter().any(|step| (step.from, step.to) == (from, to));
                assert_eq!(listed, applied, "{from} on {outcome:?}");
            }
        }
    }

    #[test]
    fn being_sent_is_the_one_step_that_is_no_outcome() {
        let leads_to = |state| outcomes().iter().any(|(_, to)| *to == state);
        let others: Vec<_> = STEPS.iter().filter(|step| !leads_to(step.to)).collect();
        assert_eq!(others, [&step(Requested, ON_ITS_WAY, Sent)]);
    }
}
