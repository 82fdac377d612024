//! Holds: what keeps an order from going on until somebody releases it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::text_enum::text_enum;

text_enum! {
    /// What a hold can block.
    Blocked {
        /// Taking money.
        Capture = "capture",
        /// Handing goods to a shipping partner.
        Fulfil = "fulfil",
        /// Cancelling.
        Cancel = "cancel",
    }
}

/// One hold of an order; several may stand at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// Why, for programs: `fraud_review`.
    pub kind: String,
    /// Why, for people.
    #[schema(required)]
    pub reason: Option<String>,
    /// What must wait.
    pub blocks: Vec<Blocked>,
}

/// Whether any of these holds blocks it.
pub fn is_blocked(holds: &[Hold], what: Blocked) -> bool {
    holds.iter().any(|hold| hold.blocks.contains(&what))
}
