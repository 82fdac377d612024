//! Placeholder until merged.
/// Seals.
pub struct Keyring;
