//! What handlers of live views need: a stream of events as the answer, and news of one order.
//!
//! What is told, and when a stream ends, is [`live`]'s; here a request becomes a follower.

use std::time::Instant;

use http::HeaderValue;
use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::{
    Call, Problem, Reply,
    wrapper::{Buffered, HostDeadline},
};
use crate::{
    domain::{ids::OrderId, messages::MessageType},
    live::{self, After, Ends, Filter, Follower, OrderWatch},
};

/// The position of the last event that a reader has seen (WHATWG HTML, "Server-sent events").
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// Types of events, separated by commas.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct EventTypes(Vec<MessageType>);

impl TryFrom<String> for EventTypes {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let event = |text: &str| text.parse().ok().filter(|kind: &MessageType| kind.is_event());
        let types: Option<_> = text.split(',').map(event).collect();
        types.map(Self).ok_or("expected types of events such as order.paid.v1, separated by commas")
    }
}

impl PartialSchema for EventTypes {
    fn schema() -> RefOr<Schema> {
        let events: Vec<_> = MessageType::ALL.iter().filter(|kind| kind.is_event()).map(|kind| kind.as_str()).collect();
        let item = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(events));
        ArrayBuilder::new().items(item).min_items(Some(1)).into()
    }
}

impl ToSchema for EventTypes {}

/// Says when something may have happened to an order.
pub struct News(OrderWatch);

impl News {
    /// Waits for news, or until it is late. False: the process stops, and nobody should wait on.
    pub async fn wait(&mut self, late: Instant) -> bool {
        self.0.changed(late.into()).await;
        !self.0.is_stopping()
    }
}

impl Call {
    /// The tenant's events from the caller's `Last-Event-ID` on, those about one order or all, as an answer that lasts.
    ///
    /// # Errors
    /// 503 when the process has no room for another stream, or PostgreSQL is away; 429 when the tenant has too many.
    pub async fn stream(&self, order: Option<OrderId>, EventTypes(types): EventTypes) -> Result<Reply, Problem> {
        if self.parts.extensions.get::<Buffered>().is_some() {
            return Err(Problem::internal(
                "a function that streams is called through an API Gateway: give it a function URL (RESPONSE_STREAM)",
            )
            .detail("streams are not offered at this address; ask for the one where they are"));
        }
        let follower = Follower::begin(self.state.live(), self.tenant()?, Filter { order, types }, self.last_event_id()).await?;
        let host = self.parts.extensions.get::<HostDeadline>().map(|HostDeadline(deadline)| *deadline);
        Ok(Reply::stream(live::MEDIA_TYPE, follower.stream(Ends { function: self.spec.name, host })))
    }

    /// News of one of the tenant's orders, from now on.
    ///
    /// # Errors
    /// As for [`stream`](Self::stream).
    pub async fn news_of(&self, order: OrderId) -> Result<News, Problem> {
        Ok(News(OrderWatch::begin(self.state.live(), self.tenant()?, order, self.spec.name).await?))
    }

    fn last_event_id(&self) -> After {
        match self.parts.headers.get(LAST_EVENT_ID).map(HeaderValue::as_bytes) {
            // A reader that has seen nothing says nothing; some say it with an empty value.
            None | Some(b"") => After::Now,
            Some(value) => {
                let position = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                position.map_or(After::Unknown, After::Position)
            }
        }
    }
}
