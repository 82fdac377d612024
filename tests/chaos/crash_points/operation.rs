//! The operations that are killed: how each is prepared, who carries it out, and how one knows that it took effect once.

use serde_json::{Value, json};
use tests::{Answer, Caller, Partner, Program, Webhook, raw_id, sample, until};
use uuid::Uuid;

use super::scene::Scene;

/// Answers that wait when the consumer starts: so many that some come together.
const ANSWERS: usize = 12;

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A caller places an order.
    CreateOrder,
    /// A caller adds a tender to an order.
    CreatePayment,
    /// A caller cancels an order that holds stock and was paid in part.
    CancelOrder,
    /// A caller takes what a tender has set aside.
    CapturePayment,
    /// A caller lets go what a tender has set aside.
    VoidPayment,
    /// A caller gives money of a completed order back.
    RefundOrder,
    /// A caller makes a key.
    CreateApiKey,
    /// The inventory service holds an order's stock.
    StockAnswer,
    /// It does so for many orders at once.
    StockAnswers,
    /// It does so after it had refused, so its stock must be let go again: once.
    LateStockAnswer,
    /// The payment service tells by an event that the money moved.
    PaymentEvent,
    /// It tells so by a webhook.
    PaymentWebhook,
    /// The shipping partner tells how a parcel goes.
    ShipmentReport,
    /// News of an order that nobody has placed yet.
    EarlyEvent,
    /// A requested operation goes to the payment service.
    Send,
    /// What the payment service answered is recorded: the second change that sending makes.
    RecordAnswer,
    /// The relay publishes what an order left in the outbox.
    Publish,
}

/// An operation that is about to happen.
pub struct Errand {
    /// What it is about: an order, or a name that nothing else has.
    pub subject: String,
    /// Orders to which the same happens at the same time.
    pub others: Vec<String>,
    /// What a caller sends; none when the work already lies in a queue or in the outbox.
    pub request: Option<Request>,
}

/// A request that may be sent again.
pub enum Request {
    /// A caller's, under a key of its own.
    Keyed { path: String, key: String, body: Option<Value> },
    /// The payment service's.
    Webhook(Webhook),
}

impl Request {
    /// Sends it to a service that may die over it.
    pub async fn try_send(&self, caller: &Caller) -> Option<Answer> {
        let request = match self {
            Self::Keyed { path, key, body: Some(body) } => caller.post(path).key(key).json(body),
            Self::Keyed { path, key, body: None } => caller.post(path).key(key),
            Self::Webhook(webhook) => webhook.request(caller),
        };
        request.try_send().await.ok()
    }
}

impl Operation {
    pub const ALL: [Self; 17] = [
        Self::CreateOrder,
        Self::CreatePayment,
        Self::CancelOrder,
        Self::CapturePayment,
        Self::VoidPayment,
        Self::RefundOrder,
        Self::CreateApiKey,
        Self::StockAnswer,
        Self::StockAnswers,
        Self::LateStockAnswer,
        Self::PaymentEvent,
        Self::PaymentWebhook,
        Self::ShipmentReport,
        Self::EarlyEvent,
        Self::Send,
        Self::RecordAnswer,
        Self::Publish,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateOrder => "create-order",
            Self::CreatePayment => "create-payment",
            Self::CancelOrder => "cancel-order",
            Self::CapturePayment => "capture-payment",
            Self::VoidPayment => "void-payment",
            Self::RefundOrder => "refund-order",
            Self::CreateApiKey => "create-api-key",
            Self::StockAnswer => "stock-answer",
            Self::StockAnswers => "stock-answers",
            Self::LateStockAnswer => "late-stock-answer",
            Self::PaymentEvent => "payment-event",
            Self::PaymentWebhook => "payment-webhook",
            Self::ShipmentReport => "shipment-report",
            Self::EarlyEvent => "early-event",
            Self::Send => "send",
            Self::RecordAnswer => "record-answer",
            Self::Publish => "publish",
        }
    }

    /// The function that dies.
    pub const fn function(self) -> &'static str {
        match self {
            Self::CreateOrder | Self::CreatePayment | Self::CancelOrder | Self::CreateApiKey => self.name(),
            Self::CapturePayment | Self::VoidPayment | Self::RefundOrder => self.name(),
            Self::StockAnswer | Self::StockAnswers | Self::LateStockAnswer | Self::EarlyEvent => "on-inventory-event",
            Self::PaymentEvent => "on-payment-event",
            Self::PaymentWebhook => "receive-payment-webhook",
            Self::ShipmentReport => "on-shipment-event",
            Self::Send | Self::RecordAnswer => "send-payment-operation",
            Self::Publish => "outbox-relay",
        }
    }

    /// Sending makes two changes; the second one is the record of the answer.
    pub const fn occurrence(self) -> u32 {
        match self {
            Self::RecordAnswer => 2,
            _ => 1,
        }
    }

    /// What the order must come to; none when it is about no order.
    pub const fn end(self) -> Option<&'static str> {
        match self {
            Self::CreateApiKey | Self::EarlyEvent => None,
            Self::CancelOrder => Some("cancelled"),
            Self::VoidPayment => Some("awaiting_payment"),
            Self::LateStockAnswer => Some("rejected"),
            _ => Some("completed"),
        }
    }

    /// `FROM …` with exactly one row once the operation has taken effect.
    pub fn effect(self, subject: &str) -> String {
        let operations = |kind: &str| format!("payment_operations WHERE order_id = '{}' AND kind = '{kind}'", raw_id(subject));
        let action = match self {
            Self::CapturePayment => return operations("capture"),
            Self::VoidPayment => return operations("void"),
            Self::RefundOrder => return operations("refund"),
            Self::CreateApiKey => return format!("api_keys WHERE name = '{subject}'"),
            Self::EarlyEvent => return format!("deferred_messages WHERE message_id = '{subject}'"),
            Self::LateStockAnswer => {
                return format!("outbox WHERE order_id = '{}' AND routing_key = 'inventory.release'", raw_id(subject));
            }
            Self::CreateOrder => "created",
            Self::CreatePayment => "payment_added",
            Self::CancelOrder => "cancellation_requested",
            Self::StockAnswer | Self::StockAnswers => "stock_reserved",
            Self::PaymentEvent | Self::PaymentWebhook | Self::Send | Self::RecordAnswer => "payment_captured",
            Self::ShipmentReport => "fulfillment_delivered",
            Self::Publish => "completed",
        };
        format!("order_history WHERE order_id = '{}' AND action = '{action}'", raw_id(subject))
    }

    /// Brings everything to the point where the operation is the next thing that happens.
    pub async fn arrange(self, scene: &Scene) -> Errand {
        match self {
            Self::CreateOrder => Errand::of_request(String::new(), "/v1/orders".to_owned(), Some(sample::order())),
            Self::CreatePayment => {
                let order = scene.place(&paid_by(json!([]))).await;
                scene.caller.order_once(&order, "status", "awaiting_payment").await;
                let path = format!("/v1/orders/{order}/payments");
                Errand::of_request(order, path, Some(tender(3490, "automatic")))
            }
            Self::CancelOrder => {
                let order = scene.place(&paid_by(json!([tender(1000, "automatic")]))).await;
                scene.caller.order_once(&order, "status", "awaiting_payment").await;
                scene.caller.order_once(&order, "payment_status", "partially_paid").await;
                let path = format!("/v1/orders/{order}/cancel");
                Errand::of_request(order, path, Some(json!({ "reason": "customer_request" })))
            }
            Self::CapturePayment => {
                let order = scene.place(&paid_by(json!([tender(3490, "manual")]))).await;
                scene.caller.order_once(&order, "fulfillment_status", "delivered").await;
                let path = format!("{}/captures", tender_path(scene, &order).await);
                Errand::of_request(order, path, Some(json!({ "amount": 3490 })))
            }
            Self::VoidPayment => {
                let order = scene.place(&paid_by(json!([tender(1000, "manual")]))).await;
                scene.caller.order_once(&order, "status", "awaiting_payment").await;
                scene.caller.order_once(&order, "payment_status", "partially_authorized").await;
                let path = format!("{}/void", tender_path(scene, &order).await);
                Errand::of_request(order, path, None)
            }
            Self::RefundOrder => {
                let order = scene.place(&sample::order()).await;
                scene.caller.order_once(&order, "status", "completed").await;
                let path = format!("/v1/orders/{order}/refunds");
                Errand::of_request(order, path, Some(json!({ "amount": 500, "reason": "goodwill" })))
            }
            Self::CreateApiKey => {
                let name = Uuid::new_v4().to_string();
                let body = json!({ "name": name, "scopes": ["orders:read"] });
                Errand::of_request(name, "/v1/api-keys".to_owned(), Some(body))
            }
            Self::PaymentEvent => Errand::waiting(scene.place(&sample::with_token("tok_silent")).await),
            Self::PaymentWebhook => {
                let order = scene.place(&sample::with_token("tok_mute")).await;
                let asked =
                    || async { scene.stack.payment_operations().await.iter().any(|asked| asked["order_id"] == *order).then_some(()) };
                until("the payment service is asked", asked).await;
                let webhook = Webhook::captured(&scene.caller, &scene.caller.order(&order).await);
                Errand { request: Some(Request::Webhook(webhook)), ..Errand::waiting(order) }
            }
            Self::EarlyEvent => {
                let order = format!("ord_{}", Uuid::now_v7().simple());
                Errand::waiting(tell_that_stock_is_reserved(scene, &order).await)
            }
            Self::StockAnswers => self.arrange_answers(scene).await,
            Self::LateStockAnswer => {
                let order = scene.place(&refused_and_unpaid()).await;
                let mut service = scene.service(Program::Standalone, self).await;
                scene.caller.order_once(&order, "status", "rejected").await;
                service.stop().await;
                tell_that_stock_is_reserved(scene, &order).await;
                Errand::waiting(order)
            }
            Self::StockAnswer | Self::ShipmentReport | Self::Send | Self::RecordAnswer | Self::Publish => {
                Errand::waiting(scene.place(&sample::order()).await)
            }
        }
    }
}

impl Operation {
    /// Answers about many orders wait in the queue.
    async fn arrange_answers(self, scene: &Scene) -> Errand {
        let order = scene.place(&sample::order()).await;
        let mut others = Vec::new();
        while others.len() + 1 < ANSWERS {
            others.push(scene.place(&sample::order()).await);
        }
        until("all answers wait", || async { (scene.waiting(self).await == ANSWERS).then_some(()) }).await;
        Errand { others, ..Errand::waiting(order) }
    }
}

impl Errand {
    fn of_request(subject: String, path: String, body: Option<Value>) -> Self {
        Self { request: Some(Request::Keyed { path, key: Uuid::new_v4().to_string(), body }), ..Self::waiting(subject) }
    }

    fn waiting(subject: String) -> Self {
        Self { subject, others: Vec::new(), request: None }
    }
}

fn tender(amount: i64, capture: &str) -> Value {
    json!({ "method": "card", "token": "tok_visa", "amount": amount, "capture": capture })
}

/// The address of an order's only tender.
async fn tender_path(scene: &Scene, order: &str) -> String {
    format!("/v1/payments/{}", scene.caller.order(order).await["payments"][0]["id"].as_str().unwrap())
}

fn paid_by(payments: Value) -> Value {
    sample::with(|order| order["payments"] = payments)
}

fn refused_and_unpaid() -> Value {
    sample::with(|order| {
        order["payments"] = json!([]);
        order["lines"][0]["sku"] = "OUT-1".into();
    })
}

/// Says so in the inventory service's name, about the first attempt; answers the message's id.
async fn tell_that_stock_is_reserved(scene: &Scene, order: &str) -> String {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
    let event = Partner::event("/inventory", "inventory.reserved.v1", &scene.caller.key.tenant_id, order, &data);
    scene.stack.partner().await.publish("inventory.events", &event).await;
    event.id
}
