//! Sessions: a key lends what it may read to somebody who holds no key, a page in a browser say, for a quarter of an hour.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ids::{KeyId, SessionId},
    invalid::{FieldError, FieldErrors},
    permissions::Permission,
    timestamp::Timestamp,
};

/// How long a session lasts, in seconds.
pub const SESSION_SECONDS: u32 = 15 * 60;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id; no secret.
    pub id: SessionId,
    /// The key that lends: when it ends, so does the session.
    pub key: KeyId,
    /// What may be read.
    pub scopes: Vec<Permission>,
    /// From then on it is none.
    pub expires_at: Timestamp,
}

/// The body of `POST /v1/sessions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// What may be read with it: scopes of reading that the key holds. All of them if left out.
    #[serde(default)]
    #[schema(min_items = 1)]
    pub scopes: Option<Vec<Permission>>,
}

/// Why a key cannot lend what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotLent {
    /// The request is wrong in itself.
    Invalid(Vec<FieldError>),
    /// The key lacks this scope.
    NotHeld(Permission),
}

impl Session {
    /// A session that begins now, of a key with these scopes.
    ///
    /// # Errors
    /// [`NotLent`].
    pub fn begin(request: &SessionRequest, id: SessionId, key: KeyId, held: &[Permission], now: Timestamp) -> Result<Self, NotLent> {
        let scopes = match &request.scopes {
            Some(scopes) => asked(scopes, held)?,
            None => held.iter().copied().filter(|scope| scope.is_of_reading()).collect(),
        };
        if scopes.is_empty() {
            // A key that reads nothing has nothing to lend.
            return Err(NotLent::NotHeld(Permission::OrdersRead));
        }
        Ok(Self { id, key, scopes, expires_at: now.plus_seconds(i64::from(SESSION_SECONDS)) })
    }

    /// Whether it lasts at that moment.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

fn asked(scopes: &[Permission], held: &[Permission]) -> Result<Vec<Permission>, NotLent> {
    let mut errors = FieldErrors::default();
    errors.require(!scopes.is_empty(), "/scopes", "required", "name a scope, or leave the member out for every one that the key holds");
    for (index, scope) in scopes.iter().enumerate() {
        let pointer = format!("/scopes/{index}");
        errors.require(scope.is_of_reading(), &pointer, "not_lendable", "a session reads, and this scope does more");
        errors.require(!scopes[..index].contains(scope), &pointer, "duplicate", "is listed twice");
    }
    errors.into_result().map_err(NotLent::Invalid)?;
    match scopes.iter().find(|scope| !held.contains(scope)) {
        Some(missing) => Err(NotLent::NotHeld(*missing)),
        None => Ok(scopes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::ids::TenantId, *};

    const HELD: [Permission; 3] = [Permission::OrdersRead, Permission::OrdersWrite, Permission::PaymentsRead];

    fn begin(scopes: Option<Vec<Permission>>, held: &[Permission]) -> Result<Session, NotLent> {
        let key = KeyId { tenant: TenantId::new(Uuid::from_u128(1)), key: Uuid::from_u128(2) };
        Session::begin(&SessionRequest { scopes }, SessionId::new(Uuid::from_u128(3)), key, held, Timestamp::from_microsecond(0))
    }

    #[test]
    fn a_key_lends_what_it_may_read_for_a_quarter_of_an_hour() {
        let session = begin(None, &HELD).unwrap();
        assert_eq!(session.scopes, [Permission::OrdersRead, Permission::PaymentsRead]);
        let end = Timestamp::from_microsecond(900_000_000);
        assert!(session.is_valid_at(Timestamp::from_microsecond(899_999_999)) && !session.is_valid_at(end));
        assert_eq!(begin(Some(vec![Permission::PaymentsRead]), &HELD).unwrap().scopes, [Permission::PaymentsRead]);
    }

    #[test]
    fn it_lends_nothing_else() {
        assert_eq!(begin(Some(vec![Permission::OpsRead]), &HELD), Err(NotLent::NotHeld(Permission::OpsRead)));
        assert_eq!(begin(None, &[Permission::OrdersWrite]), Err(NotLent::NotHeld(Permission::OrdersRead)));
        for scopes in [vec![], vec![Permission::OrdersWrite], vec![Permission::OrdersRead; 2]] {
            assert!(matches!(begin(Some(scopes.clone()), &HELD), Err(NotLent::Invalid(_))), "{scopes:?}");
        }
    }
}
