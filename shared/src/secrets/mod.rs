//! What must stay secret at rest: the keyring that seals stored secrets, and the tokens that we hand out once.
//!
//! No secret is read from the environment here (that is `config`) and none is stored here (that is `db`).

pub mod keyring;
pub mod token;

pub use self::{
    keyring::{Keyring, row_aad},
    token::{new_api_secret, random},
};
