//! What must stay secret: the keyring that seals stored secrets, the tokens that we hand out once, and what partners sign webhooks with.
//!
//! No secret is read from the environment here (that is `config`) and none is stored here (that is `db`).

pub mod keyring;
pub mod token;
pub mod webhook_secret;

pub use self::{
    keyring::{Keyring, api_key_aad, row_aad},
    token::{is_api_secret, new_api_secret, random},
    webhook_secret::WebhookSecret,
};
