//! Which of our events somebody wants once more.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ids::{EventId, OrderId, TenantId},
    invalid::{FieldError, FieldErrors},
    messages::MessageType,
    timestamp::Timestamp,
};

/// Events that one call sends again; what matches beyond them is left to the next call.
pub const EVENTS_MAX: usize = 10_000;

/// The body of `POST /v1/ops/events/republish`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepublishRequest {
    /// Of one tenant; of all unless told otherwise.
    pub tenant_id: Option<TenantId>,
    /// Of one order.
    pub order_id: Option<OrderId>,
    /// Of these types, events all of them; of every type unless told otherwise.
    #[schema(min_items = 1)]
    pub types: Option<Vec<MessageType>>,
    /// Written at this moment or later.
    pub from: Timestamp,
    /// Written before this moment.
    pub to: Timestamp,
    /// Those that follow this one: `next_after` of the call before.
    pub after: Option<EventPosition>,
}

/// Where a call ended: tenants in the order of their ids, the events of each in the order of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventPosition {
    /// The tenant that it came to.
    pub tenant_id: TenantId,
    /// The last event of it that was looked at.
    pub event_id: EventId,
}

/// What to send again, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Republish {
    /// Of one tenant.
    pub tenant: Option<TenantId>,
    /// Of one order.
    pub order: Option<OrderId>,
    /// With one of these routing keys: types without their versions.
    pub routing_keys: Option<Vec<&'static str>>,
    /// Written at this moment or later.
    pub from: Timestamp,
    /// Written before this moment.
    pub to: Timestamp,
    /// Those that follow this one.
    pub after: Option<EventPosition>,
}

impl Republish {
    /// What a body says.
    ///
    /// # Errors
    /// Everything that is wrong with it: commands are never sent again, their partners act on each.
    pub fn parse(request: &RepublishRequest) -> Result<Self, Vec<FieldError>> {
        let RepublishRequest { tenant_id, order_id, types, from, to, after } = request;
        let mut errors = FieldErrors::default();
        errors.require(from < to, "/to", "out_of_range", format!("must be after {from}, is {to}"));
        if let Some(types) = types {
            errors.require(!types.is_empty(), "/types", "length", "must name a type, or be left out");
            for (index, r#type) in types.iter().enumerate() {
                errors.require(r#type.is_event(), format!("/types/{index}"), "no_event", "is a command: only events are sent again");
            }
        }
        errors.into_result()?;
        let routing_keys = types.as_ref().map(|types| types.iter().map(|r#type| r#type.routing_key()).collect());
        Ok(Self { tenant: *tenant_id, order: *order_id, routing_keys, from: *from, to: *to, after: *after })
    }

    /// As the trail tells it.
    pub fn detail(&self, count: usize) -> Value {
        json!({ "events": count, "order_id": self.order, "types": self.routing_keys, "from": self.from, "to": self.to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(types: Value, to: &str) -> Result<Republish, Vec<FieldError>> {
        let request = json!({ "from": "2026-11-22T10:00:00Z", "to": to, "types": types });
        Republish::parse(&serde_json::from_value(request).unwrap())
    }

    #[test]
    fn only_events_are_sent_again() {
        let republish = parse(json!(["order.paid.v1"]), "2026-11-22T11:00:00Z").unwrap();
        assert_eq!(republish.routing_keys, Some(vec!["order.paid"]));
        assert_eq!(parse(Value::Null, "2026-11-22T11:00:00Z").unwrap().routing_keys, None);
        let pointer = |types, to| parse(types, to).unwrap_err()[0].pointer.clone();
        assert_eq!(pointer(json!(["order.paid.v1", "shipping.request.v1"]), "2026-11-22T11:00:00Z"), "/types/1");
        assert_eq!(pointer(json!([]), "2026-11-22T11:00:00Z"), "/types");
        assert_eq!(pointer(Value::Null, "2026-11-22T10:00:00Z"), "/to");
    }
}
