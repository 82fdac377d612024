//! What must stay secret: the keyring that seals stored secrets, the tokens that we hand out, and what partners sign webhooks with.
//!
//! No secret is read from the environment here (that is `config`) and none is stored here (that is `db`).

pub mod keyring;
pub mod session_token;
pub mod token;
pub mod webhook_secret;

pub use self::{
    keyring::{Keyring, api_key_aad, row_aad},
    session_token::{open_session_token, session_token},
    token::{is_api_secret, new_api_secret, random},
    webhook_secret::WebhookSecret,
};
