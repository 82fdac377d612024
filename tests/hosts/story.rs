//! What partners tell the consumers: the life of one order from its stock to its delivery, with everything on the way that is
//! early, said twice, impossible or not to be believed.

use serde_json::{Value, json, value::to_raw_value};
use shared::{catalog, cloudevents::CloudEvent, function::ConsumerSpec};
use tests::{Caller, Partner, Sql, sample};

const UNKNOWN_ORDER: &str = "ord_0198f000000070008000000000000001";
const UNKNOWN_TENANT: &str = "ten_0198f000000070008000000000000002";

/// A message as its sender has it.
pub enum Message {
    /// An event, which every carrier brings in its own mode.
    Event(CloudEvent),
    /// Bytes that pretend to be one.
    Bytes(Vec<u8>),
}

/// Brings messages to consumers, and waits until each is settled.
pub trait Carrier {
    /// Brings one message, which must come to this outcome.
    fn bring(&self, spec: &'static ConsumerSpec, message: &Message, outcome: &str) -> impl Future<Output = ()>;
}

/// One tenant's order and what is told of it.
pub struct Story<'s, C> {
    carrier: &'s C,
    sql: Sql,
    caller: Caller,
    order: String,
}

impl<'s, C: Carrier> Story<'s, C> {
    /// Begins with the placing of an order.
    pub async fn begin(carrier: &'s C, sql: Sql, caller: Caller) -> Self {
        let order = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
        Self { carrier, sql, caller, order }
    }

    /// Tells all of it, in order.
    pub async fn tell(&self) {
        for spec in catalog::CONSUMERS.iter().filter(|spec| spec.name != catalog::ON_DEAD_LETTER.name) {
            self.lies(spec).await;
        }
        self.stock().await;
        self.money().await;
        self.parcel().await;
        self.bell().await;
        self.killers().await;
        assert_eq!(self.caller.order(&self.order).await["status"], "completed");
    }

    /// What no consumer may believe.
    async fn lies(&self, spec: &'static ConsumerSpec) {
        let honest = |name: &str| self.event(spec, spec.types[0], &format!("lie-{name}"), &json!({}));
        let with = |name: &str, change: fn(&mut CloudEvent)| {
            let mut event = honest(name);
            change(&mut event);
            Message::Event(event)
        };
        for lie in [
            Message::Bytes(b"{".to_vec()),
            Message::Bytes(b"\xff\xfe".to_vec()),
            Message::Bytes(Vec::new()),
            Message::Bytes(vec![b' '; 70_000]),
            with("source", |event| event.source = "/elsewhere".into()),
            with("type", |event| event.r#type = "nobody.knows.v1".into()),
            with("version", |event| event.r#type = "nobody.knows".into()),
            with("no-tenant", |event| event.tenantid = None),
            with("unknown-tenant", |event| event.tenantid = Some(UNKNOWN_TENANT.into())),
            with("no-order", |event| event.subject = None),
        ] {
            self.carrier.bring(spec, &lie, "dead").await;
        }
    }

    async fn stock(&self) {
        let spec = &catalog::ON_INVENTORY_EVENT;
        let reserved = |order: &str, id: &str| {
            let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order, "unknown_member": [1, "ä", null] });
            let mut event = self.event(spec, "inventory.reserved.v1", id, &data);
            event.subject = Some(order.to_owned());
            event
        };
        self.bring(spec, reserved(UNKNOWN_ORDER, "early"), "park").await;
        self.bring(spec, reserved(UNKNOWN_ORDER, "early"), "park").await;
        self.bring(spec, reserved(&self.order, "100% reserved é"), "done").await;
        self.bring(spec, reserved(&self.order, "100% reserved é"), "done").await;
    }

    async fn money(&self) {
        let spec = &catalog::SEND_PAYMENT_OPERATION;
        let body = self.sql.value("SELECT convert_from(body, 'UTF8') FROM outbox WHERE routing_key = 'payment.operation.requested'").await;
        let requested = CloudEvent::decode_structured(body.as_str().unwrap().as_bytes()).unwrap();
        // Nobody answers at the payment service's address.
        self.bring(spec, requested, "retry").await;

        let spec = &catalog::ON_PAYMENT_EVENT;
        let order = self.caller.order(&self.order).await;
        let report = |kind: &str| {
            json!({
                "id": order["payments"][0]["operations"][0]["id"], "kind": kind, "status": "succeeded", "amount": 3490, "currency": "EUR",
                "provider_reference": "p-1", "occurred_at": "2026-11-22T10:00:00Z"
            })
        };
        self.bring(spec, self.event(spec, "refund.succeeded.v1", "impossible", &report("refund")), "dead").await;
        self.bring(spec, self.event(spec, "payment.captured.v1", "misshapen", &json!({ "id": 7 })), "dead").await;
        self.bring(spec, self.event(spec, "payment.captured.v1", "captured", &report("capture")), "done").await;
    }

    async fn parcel(&self) {
        let spec = &catalog::ON_SHIPMENT_EVENT;
        let fulfilment = self.caller.order(&self.order).await["fulfillments"][0]["id"].clone();
        let data = json!({ "fulfillment_id": fulfilment, "order_id": self.order });
        for stage in ["accepted", "packed", "shipped", "delivered", "delivered"] {
            self.bring(spec, self.event(spec, &format!("shipment.{stage}.v1"), stage, &data), "done").await;
        }
    }

    /// Our own events, which leave no trace.
    async fn bell(&self) {
        let spec = &catalog::ON_ORDER_EVENT;
        let told = |id: &str| self.event(spec, "order.created.v1", id, &json!({ "order": { "version": 1, "unknown_member": null } }));
        self.bring(spec, told("told"), "done").await;
        self.bring(spec, told("told"), "done").await;
        self.bring(spec, self.event(spec, "order.created.v1", "misshapen", &json!({ "order": 7 })), "dead").await;
    }

    /// What the broker gave up on. Whatever it is, it is believed.
    async fn killers(&self) {
        let (spec, killed) = (&catalog::ON_DEAD_LETTER, &catalog::ON_SHIPMENT_EVENT);
        let killer = |name: &str| self.event(killed, "shipment.packed.v1", &format!("killer-{name}"), &json!({ "a": [1] }));
        self.bring(spec, killer("plain"), "dead").await;
        self.bring(spec, killer("plain"), "dead").await;
        self.bring(spec, CloudEvent { tenantid: Some(UNKNOWN_TENANT.into()), ..killer("unknown-tenant") }, "dead").await;
        self.bring(spec, CloudEvent { r#type: "nobody.knows.v1".into(), ..killer("type") }, "dead").await;
        self.carrier.bring(spec, &Message::Bytes(b"{".to_vec()), "dead").await;
    }

    async fn bring(&self, spec: &'static ConsumerSpec, event: CloudEvent, outcome: &str) {
        self.carrier.bring(spec, &Message::Event(event), outcome).await;
    }

    /// An event about the order. Its id is the same in every run, so that rows compare.
    fn event(&self, spec: &ConsumerSpec, r#type: &str, id: &str, data: &Value) -> CloudEvent {
        let mut event = Partner::event(spec.sources[0], r#type, &self.caller.key.tenant_id, &self.order, data);
        event.id = format!("{}-{id}", spec.name);
        event.data = to_raw_value(data).unwrap();
        event
    }
}
