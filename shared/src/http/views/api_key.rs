//! An API key as those see it who manage keys.

use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    commands::{Answer, CommandError, FreshKey, rotate_api_key::RotatedKey},
    domain::{api_key::ApiKey, ids::KeyId, permissions::Permission, schema::Name, timestamp::Timestamp},
};

/// A key without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyView<'a> {
    id: KeyId,
    #[schema(value_type = Name)]
    name: &'a str,
    scopes: &'a [Permission],
    created_at: Timestamp,
    #[schema(required)]
    expires_at: Option<Timestamp>,
    #[schema(required)]
    revoked_at: Option<Timestamp>,
    /// It signed the request that this answers.
    current: bool,
}

impl<'a> ApiKeyView<'a> {
    /// Shows a key to the holder of `caller`.
    pub fn new(key: &'a ApiKey, caller: KeyId) -> Self {
        Self { current: key.id == caller, ..Self::of_another(key) }
    }

    /// Shows a key that cannot be the caller's, because it was just made.
    fn of_another(key: &'a ApiKey) -> Self {
        Self {
            id: key.id,
            name: &key.name,
            scopes: &key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            current: false,
        }
    }
}

/// A key with its secret: shown in the answer that tells of its making, and never again.
#[derive(Serialize, ToSchema)]
#[schema(as = SecretKey)]
pub struct SecretKeyView<'a> {
    #[serde(flatten)]
    key: ApiKeyView<'a>,
    /// `osk_` and 43 characters; shown here and in replays of this answer only.
    #[schema(pattern = "^osk_[A-Za-z0-9_-]{43}$")]
    secret: &'a str,
}

/// A key that takes another's place.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedKey)]
pub struct RotatedKeyView<'a> {
    #[serde(flatten)]
    key: SecretKeyView<'a>,
    replaced: ApiKeyView<'a>,
}

/// The answer that is stored, but for the secret, and replayed byte for byte.
///
/// # Errors
/// [`CommandError::Internal`] when the key cannot be JSON.
pub fn created_key(fresh: &FreshKey, status: u16) -> Result<Answer, CommandError> {
    answer(&secret_key(fresh), fresh.key.id, status)
}

/// The same for a rotation.
///
/// # Errors
/// As for [`created_key`].
pub fn rotated_key(rotated: &RotatedKey, caller: KeyId, status: u16) -> Result<Answer, CommandError> {
    let view = RotatedKeyView { key: secret_key(&rotated.fresh), replaced: ApiKeyView::new(&rotated.replaced, caller) };
    answer(&view, rotated.fresh.key.id, status)
}

pub(super) fn secret_key(fresh: &FreshKey) -> SecretKeyView<'_> {
    SecretKeyView { key: ApiKeyView::of_another(&fresh.key), secret: fresh.secret.expose_secret() }
}

fn answer(view: &impl Serialize, id: KeyId, status: u16) -> Result<Answer, CommandError> {
    let body = serde_json::to_string(view).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Answer { status, location: Some(format!("/v1/api-keys/{id}")), etag: None, body })
}
