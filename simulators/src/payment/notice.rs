//! A piece of news about an operation, in the two forms in which the partner tells it: an event and a webhook.

use serde::Serialize;
use serde_json::json;
use shared::cloudevents::CloudEvent;

use super::register::Record;
use super::webhook::Message;
use super::{Kind, Operation, Request, Status};

/// What is told: its type, with the version that events carry, and the operation that it is about.
#[derive(Debug)]
pub(super) struct Notice {
    r#type: &'static str,
    request: Request,
    pub operation: Operation,
}

/// The data of a webhook: the operation, and what an event says in its envelope.
#[derive(Serialize)]
struct WebhookData<'a> {
    #[serde(flatten)]
    operation: &'a Operation,
    tenant_id: &'a str,
    order_id: &'a str,
    payment_id: &'a str,
}

impl Notice {
    /// How an operation ended or what it waits for; none while it is pending.
    pub fn of_outcome(record: &Record) -> Option<Self> {
        let operation = record.operation.clone()?;
        Some(Self { r#type: outcome_type(operation.status, operation.kind)?, request: record.request.clone(), operation })
    }

    /// That an authorization has expired or a refund come back, just now; none of other kinds.
    pub fn of_withdrawal(record: &Record) -> Option<Self> {
        let r#type = match record.request.kind {
            Kind::Authorize => "payment.expired.v1",
            Kind::Refund => "refund.reversed.v1",
            Kind::Capture | Kind::Void => return None,
        };
        let operation = Operation { occurred_at: jiff::Timestamp::now().to_string(), ..record.operation.clone()? };
        Some(Self { r#type, request: record.request.clone(), operation })
    }

    /// The event; sent again, it has the same id.
    pub fn event(&self) -> Option<CloudEvent> {
        Some(CloudEvent {
            id: self.id(),
            source: "/payments".to_owned(),
            r#type: self.r#type.to_owned(),
            subject: Some(self.request.order_id.clone()),
            time: Some(self.operation.occurred_at.clone()),
            tenantid: Some(self.request.tenant_id.clone()),
            extensions: std::collections::BTreeMap::new(),
            // Text and integers always serialise.
            data: serde_json::value::to_raw_value(&self.operation).ok()?,
        })
    }

    /// The webhook; sent again, it has the same id.
    pub fn webhook(&self) -> Message {
        let Request { tenant_id, order_id, payment_id, .. } = &self.request;
        let body = json!({
            "type": self.r#type.trim_end_matches(".v1"),
            "timestamp": self.operation.occurred_at,
            "data": WebhookData { operation: &self.operation, tenant_id, order_id, payment_id },
        });
        Message { id: format!("msg_{}", self.id()), body: body.to_string() }
    }

    /// What names it for ever: an operation comes to each type once.
    fn id(&self) -> String {
        format!("{}-{}", self.operation.id, self.r#type.replace('.', "-"))
    }
}

fn outcome_type(status: Status, kind: Kind) -> Option<&'static str> {
    Some(match (status, kind) {
        (Status::Pending, _) => return None,
        (Status::RequiresAction, _) => "payment.requires_action.v1",
        (Status::Succeeded, Kind::Authorize) => "payment.authorized.v1",
        (Status::Succeeded, Kind::Capture) => "payment.captured.v1",
        (Status::Succeeded, Kind::Void) => "payment.voided.v1",
        (Status::Succeeded, Kind::Refund) => "refund.succeeded.v1",
        (Status::Failed, Kind::Refund) => "refund.failed.v1",
        (Status::Failed, _) => "payment.failed.v1",
    })
}
