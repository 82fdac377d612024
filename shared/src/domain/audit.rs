//! What administrative actions leave behind: who did what to which subject.

use serde_json::{Map, Value, json};

use super::{tenant::Tenant, text_enum::text_enum};

text_enum! {
    /// What was done.
    AuditAction {
        /// A tenant with its first key.
        TenantCreated = "tenant.created",
        /// Its name, status or policy.
        TenantUpdated = "tenant.updated",
        /// One more key.
        KeyCreated = "key.created",
        /// A key got a successor and an end.
        KeyRotated = "key.rotated",
        /// A key ended at once.
        KeyRevoked = "key.revoked",
        /// A person settled what no machine could know.
        PaymentOperationResolved = "payment_operation.resolved",
        /// Messages that had died were given to their consumers once more.
        DeadLettersReplayed = "dead_letters.replayed",
        /// A person found that nothing has to be done about messages that had died.
        DeadLettersDiscarded = "dead_letters.discarded",
    }
}

/// What changed between two versions of a tenant, member by member, with the values of both. A name is for people and is only named.
pub fn tenant_changes(before: &Tenant, after: &Tenant) -> Value {
    let mut changes = Map::new();
    if before.name != after.name {
        changes.insert("name".to_owned(), json!({}));
    }
    if before.status != after.status {
        changes.insert("status".to_owned(), json!({ "from": before.status, "to": after.status }));
    }
    let (old, new) = (json!(before.policy), json!(after.policy));
    for (member, to) in new.as_object().into_iter().flatten() {
        if old[member] != *to {
            changes.insert(format!("policy.{member}"), json!({ "from": old[member], "to": to }));
        }
    }
    Value::Object(changes)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{ids::TenantId, tenant::TenantRequest, timestamp::Timestamp};

    #[test]
    fn each_changed_member_is_named_and_no_other() {
        let request: TenantRequest = serde_json::from_value(json!({ "name": "Tea shop" })).unwrap();
        let before = Tenant::parse(&request, TenantId::new(Uuid::from_u128(1)), Timestamp::from_microsecond(0)).unwrap();
        let patch = json!({ "name": "Coffee shop", "status": "suspended", "policy": { "lines_max": 3, "stock": true } });
        let after = before.patched(&serde_json::from_value(patch).unwrap(), Timestamp::from_microsecond(1)).unwrap();
        let expected = json!({
            "name": {}, "status": { "from": "active", "to": "suspended" }, "policy.lines_max": { "from": 1000, "to": 3 }
        });
        assert_eq!(tenant_changes(&before, &after), expected);
        assert_eq!(tenant_changes(&before, &before), json!({}));
    }
}
