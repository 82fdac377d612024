//! Who is calling: from a signed request, or the token of a session, to a [`Principal`] and how it stands with its rates.
//!
//! The tenant comes from the credential alone. What a principal may do with one function is the HTTP wrapper's question, not this
//! room's. Nothing here knows a status code.

mod authenticator;
mod error;
mod known_keys;
mod local_rates;
mod principal;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::known_keys::KnownKey;
pub use self::{
    authenticator::{Authenticated, Authenticator, Sought},
    error::AuthError,
    principal::Principal,
};
