//! One event as it is told: where it stands, what it is about, and the frame that every stream sends of it.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use serde::Deserialize;

use super::frames;
use crate::{
    db::outbox_events::EventRow,
    domain::{ids::OrderId, position::Position},
};

/// An event that can be told. Made once, shared by all who are told.
#[derive(Debug)]
pub struct Event {
    pub(super) position: Position,
    pub(super) order: OrderId,
    /// Its CloudEvents type: `order.created.v1`.
    pub(super) kind: String,
    pub(super) frame: Bytes,
}

/// The one member of a CloudEvent that is looked at here.
#[derive(Deserialize)]
struct Typed<'b> {
    #[serde(borrow)]
    r#type: Cow<'b, str>,
}

impl Event {
    /// Of a row with its bytes; nothing for a row without, or with bytes that are no CloudEvent, which nobody writes.
    pub(super) fn read(row: &EventRow) -> Option<Arc<Self>> {
        let body = row.body.as_deref()?;
        let Typed { r#type: kind } = serde_json::from_slice(body).ok()?;
        let frame = frames::event(&kind, row.position, body);
        Some(Arc::new(Self { position: row.position, order: row.order, kind: kind.into_owned(), frame }))
    }
}
