//! What must stay secret at rest: the keyring that seals stored secrets, and the tokens that we hand out once.
//!
//! No secret is read from the environment here (that is `config`) and none is stored here (that is `db`).

pub mod keyring;
pub mod token;

pub use self::{
    keyring::{Keyring, api_key_aad, row_aad},
    token::{is_api_secret, new_api_secret, random},
};
