//! Where races are run: the service behind HTTP, two of its consumers behind HTTP as well, and the simulated partner, which decides
//! nothing until it is told to. No message waits in a queue, so whatever was asked for has happened when it is answered.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::{catalog, cloudevents};
use tests::{Caller, Options, Partner, Process, Program, Servers, Sql, Stack, Webhook, raw_id, until};

/// How often an order's open operations are settled until none is left: an authorization that nobody wants any more is let go, a
/// capture given back. Beyond it they beget each other without end.
const ROUNDS_MAX: usize = 4;

/// How often a webhook is sent that is answered "not now".
const WEBHOOK_ATTEMPTS_MAX: usize = 20;
/// Marks a deadline that nobody has acted on: no job counts the attempts of one.
const MARK: u32 = 77;
/// What a process says, beside that it is ready: a hundred thousand requests are too much to keep.
const LOG_LEVEL: &str = "warn,shared::runtime::process=info";

/// One tenant's service, and all that is around it.
#[derive(Debug)]
pub struct Course {
    /// The tenant's program.
    pub caller: Caller,
    /// The database.
    pub sql: Sql,
    http: reqwest::Client,
    sender: Consumer,
    listener: Consumer,
    /// Dropped last: it has the database and the partner.
    stack: Stack,
}

/// A consumer that takes its messages over HTTP.
#[derive(Debug)]
struct Consumer {
    url: String,
    _process: Process,
}

/// Where an order has come to, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Books {
    status: String,
    /// Still set aside.
    authorized: i64,
    /// What the customer has paid in the end: captured less refunded.
    net: i64,
    /// What is still owed; negative: to the customer.
    receivable: i64,
    /// What has no definitive outcome, oldest first.
    pub open: Vec<Operation>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Operation {
    /// `op_…`.
    pub id: String,
    /// `pay_…`.
    pub payment_id: String,
    kind: String,
    state: String,
    amount: i64,
}

impl Course {
    /// Starts everything.
    pub async fn open() -> Self {
        let functions: Vec<_> = catalog::HTTP.iter().map(|spec| spec.name).collect();
        let functions = format!("{},expire-orders", functions.join(","));
        let stack = Stack::start(Options::whole().only(&functions).set("LOG_LEVEL", LOG_LEVEL)).await;
        let (sender, listener) =
            tokio::join!(Consumer::start(&stack, "send-payment-operation"), Consumer::start(&stack, "on-payment-event"));
        let (caller, sql) = (stack.tenant_without_stock().await, stack.sql());
        Self { caller, sql, http: Servers::http_client(), sender, listener, stack }
    }

    /// Brings the command of a tender's operation to its only sender, who asks the partner.
    pub async fn send(&self, order: &str, payment: &str, operation: &str) {
        let data = json!({ "operation_id": operation, "payment_id": payment, "order_id": order });
        self.push(&self.sender, "/order-service", "payment.operation.requested.v1", order, &data).await;
    }

    /// Tells that an operation succeeded, which it then does in the partner's books, unless it has before.
    pub async fn succeed(&self, order: &str, operation: &Operation) {
        self.decide(operation).await;
        self.tell(order, operation, &operation.outcome("succeeded")).await;
    }

    /// The same, told by a webhook.
    pub async fn succeed_by_webhook(&self, order: &str, operation: &Operation) {
        self.decide(operation).await;
        let outcome = operation.outcome("succeeded");
        let shown = json!({
            "id": order, "currency": "EUR",
            "payments": [{ "id": operation.payment_id, "operations": [outcome.clone()] }]
        });
        let kind = operation.news(&outcome).trim_end_matches(".v1");
        let webhook =
            Webhook::of(&self.caller, &shown, kind).with(|body| body["data"]["provider_reference"] = outcome["provider_reference"].clone());
        for _ in 0..WEBHOOK_ATTEMPTS_MAX {
            match webhook.request(&self.caller).send().await.status {
                204 => return,
                503 => {}
                status => panic!("{kind} of {order} was answered {status}"),
            }
        }
        panic!("{kind} of {order} was asked for again {WEBHOOK_ATTEMPTS_MAX} times");
    }

    /// Lets the payment deadline of an order pass, if it has one, and waits until what it brings about has happened.
    pub async fn pass_deadline(&self, order: &str) {
        let deadline = format!("kind = 'payment_deadline' AND subject_id = '{}'", raw_id(order));
        self.sql.execute(&format!("UPDATE timers SET attempts = {MARK} WHERE {deadline}")).await.unwrap();
        // Whoever acts on it clears it or sets it anew; one that was leased and not acted on, because its order was busy, is due again.
        let due = format!("UPDATE timers SET due_at = '1970-01-01' WHERE {deadline} AND attempts = {MARK}");
        until("the deadline has been acted on", async || (self.sql.execute(&due).await.unwrap() == 0).then_some(())).await;
    }

    /// Tells that an operation failed. The partner never decides it: in its books it moves nothing.
    pub async fn fail(&self, order: &str, operation: &Operation) {
        let mut outcome = operation.outcome("failed");
        outcome["failure"] = json!({ "code": "card_declined", "message": "no" });
        self.tell(order, operation, &outcome).await;
    }

    /// Gives every operation of an order its outcome, and those that follow from it; what the order's row says then.
    pub async fn settle(&self, order: &str) -> Books {
        for _ in 0..ROUNDS_MAX {
            let books = self.books(order).await;
            if books.open.is_empty() {
                return books;
            }
            for operation in &books.open {
                self.complete(order, operation).await;
            }
        }
        panic!("the operations of {order} find no end: {:?}", self.books(order).await);
    }

    /// Gives an operation its outcome.
    pub async fn complete(&self, order: &str, operation: &Operation) {
        if operation.state == "requested" {
            self.send(order, &operation.payment_id, &operation.id).await;
        }
        let outcome = self.decide(operation).await.unwrap_or_else(|| panic!("{operation:?} is open here and not at the partner"));
        self.tell(order, operation, &outcome).await;
    }

    /// What an order's row says, and its operations.
    pub async fn books(&self, order: &str) -> Books {
        let balance = |account: &str| format!("coalesce((balances->>'{account}')::bigint, 0)");
        let [authorized, captured, refunded, receivable] = ["authorized", "captured", "refunded", "receivable"].map(balance);
        let query = format!(
            "SELECT status, {authorized} AS authorized, {captured} + {refunded} AS net, {receivable} AS receivable, (
                 SELECT coalesce(jsonb_agg(jsonb_build_object(
                     'id', 'op_' || replace(p.id::text, '-', ''), 'payment_id', 'pay_' || replace(p.payment_id::text, '-', ''),
                     'kind', p.kind, 'state', p.state, 'amount', p.amount) ORDER BY p.requested_at, p.id), '[]')
                 FROM payment_operations p
                 WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.state IN ('requested', 'sent', 'unknown')) AS open
             FROM orders o WHERE tenant_id = '{}' AND id = '{}'",
            raw_id(&self.caller.key.tenant_id),
            raw_id(order)
        );
        serde_json::from_value(self.sql.rows(&query).await.remove(0)).unwrap()
    }

    /// Asserts that the service's books agree with themselves, and every tender's with the partner's.
    pub async fn assert_all_books_are_right(&self) {
        self.sql.assert_books_are_right().await;
        let (ours, theirs) = (self.our_tenders().await, self.their_tenders().await);
        let differing: Vec<_> = ours.iter().filter(|(id, tender)| theirs.get(*id) != Some(tender)).map(|(id, _)| id).collect();
        assert!(differing.is_empty() && ours.len() == theirs.len(), "the partner's books say something else of {differing:?}");
    }

    /// Of each tender what is set aside and what the customer has paid in the end, as our operations say.
    async fn our_tenders(&self) -> BTreeMap<String, (i64, i64)> {
        let sum = |kind: &str| format!("coalesce(sum(settled_amount) FILTER (WHERE kind = '{kind}' AND undone_at IS NULL), 0)");
        let (authorized, captured, voided, refunded) = (sum("authorize"), sum("capture"), sum("void"), sum("refund"));
        let query = format!(
            "SELECT 'pay_' || replace(payment_id::text, '-', '') AS payment_id, {authorized} AS authorized, {captured} AS captured,
                 {voided} AS voided, {captured} - {refunded} AS net
             FROM payment_operations GROUP BY payment_id"
        );
        self.sql.rows(&query).await.iter().map(tender).collect()
    }

    /// The same as the partner says.
    async fn their_tenders(&self) -> BTreeMap<String, (i64, i64)> {
        let (_, body) = self.stack.fetch(&format!("{}/payments", self.stack.simulator_url())).await;
        serde_json::from_str::<Vec<Value>>(&body).unwrap().iter().map(tender).collect()
    }

    /// Lets the partner decide an operation by its books, and returns how; `None` when nothing of this id is to be decided.
    async fn decide(&self, operation: &Operation) -> Option<Value> {
        let switch = format!("{}/operations/{}/finish", self.stack.simulator_url(), operation.id);
        let answer = self.http.post(switch).send().await.unwrap();
        match answer.status().as_u16() {
            200 => Some(serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()),
            status => {
                assert_eq!(status, 404);
                None
            }
        }
    }

    async fn tell(&self, order: &str, operation: &Operation, outcome: &Value) {
        self.push(&self.listener, "/payments", operation.news(outcome), order, outcome).await;
    }

    /// Brings a message to a consumer, which must be done with it.
    async fn push(&self, consumer: &Consumer, source: &str, r#type: &str, order: &str, data: &Value) {
        let event = Partner::event(source, r#type, &self.caller.key.tenant_id, order, data);
        let request = self.http.post(&consumer.url).header("content-type", cloudevents::CONTENT_TYPE).body(event.encode_structured());
        let status = request.send().await.unwrap().status().as_u16();
        assert_eq!(status, 204, "{type} of {order} was deferred or refused: {data}");
    }
}

impl Operation {
    /// The type of the event that tells of this outcome.
    fn news(&self, outcome: &Value) -> &'static str {
        match (outcome["status"].as_str().unwrap(), &*self.kind) {
            ("failed", "refund") => "refund.failed.v1",
            ("failed", _) => "payment.failed.v1",
            (_, "authorize") => "payment.authorized.v1",
            (_, "capture") => "payment.captured.v1",
            (_, "void") => "payment.voided.v1",
            _ => "refund.succeeded.v1",
        }
    }

    /// What the partner would say of it.
    fn outcome(&self, status: &str) -> Value {
        json!({
            "id": self.id, "kind": self.kind, "status": status, "amount": self.amount, "currency": "EUR",
            "provider_reference": format!("sim_{}", self.id), "occurred_at": jiff::Timestamp::now().to_string()
        })
    }
}

impl Consumer {
    async fn start(stack: &Stack, name: &'static str) -> Self {
        let process = Process::start(Program::Function(name), &[], stack.environment()).await;
        Self { url: format!("http://127.0.0.1:{}/", process.port("server.port")), _process: process }
    }
}

/// A tender of either books: its id, what is still set aside, and what the customer has paid in the end.
fn tender(row: &Value) -> (String, (i64, i64)) {
    let sum = |name: &str| row[name].as_i64().unwrap();
    let aside = sum("authorized") - sum("captured") - sum("voided");
    (row["payment_id"].as_str().unwrap().to_owned(), (aside.max(0), sum("net")))
}
