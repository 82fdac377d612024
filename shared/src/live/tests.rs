//! What a stream does in silence, at its end and with a slow reader, all of it a hundred times sooner than in the service; what is read from
//! PostgreSQL is tested from outside (`tests/it/stream_orders.rs`).

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use secrecy::SecretString;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{After, Ends, Filter, Follower, Hub, NotFollowed, stream::Limits};
use crate::{
    db::{Connect, Database, outbox_events::EventRow},
    domain::{
        ids::{OrderId, TenantId},
        messages::MessageType,
        position::Position,
    },
};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);
/// A hundredth of the service's.
const LIMITS: Limits =
    Limits { stream: Duration::from_millis(2_700), silence: Duration::from_millis(150), slowness: Duration::from_millis(200) };

const TENANT: TenantId = TenantId::new(Uuid::from_u128(1));
const ORDER: OrderId = OrderId::new(Uuid::from_u128(2));

type Body = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// A process whose PostgreSQL is away, so that everything a follower hears comes from here.
struct Scene {
    hub: Hub,
    stop: watch::Sender<bool>,
}

impl Scene {
    fn new() -> Self {
        let url = SecretString::from("postgres://127.0.0.1:1/nobody");
        let database = Database::new(&Connect { url: &url, role: "orders_app", pool_size: 1 }).unwrap();
        let (stop, stopped) = watch::channel(false);
        let hub = Hub::new(database, None, stopped);
        Self { hub, stop }
    }

    async fn follow(&self, filter: Filter) -> Body {
        // Without PostgreSQL nobody knows where a new feed begins.
        drop(self.hub.feed_from(TENANT, Position::START));
        let follower = Follower::begin(&self.hub, TENANT, filter, After::Now).await.unwrap();
        Box::pin(follower.stream_within(Ends { function: "stream-orders", host: None }, LIMITS))
    }

    fn tell(&self, seq: i64, order: OrderId, kind: &str) {
        let body = format!(r#"{{"type":"{kind}"}}"#).into_bytes();
        let row = EventRow { position: Position { tx: 1, seq }, order, body: Some(body) };
        self.hub.feed(TENANT).unwrap().feed.hand_out(&[row]);
    }
}

async fn next(body: &mut Body) -> Option<String> {
    let frame = timeout(LONG, body.next()).await.expect("a frame or the end");
    frame.map(|frame| String::from_utf8(frame.to_vec()).unwrap())
}

/// Looks until it is so.
async fn within(mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, looking).await.expect("it never comes to that");
}

/// The first two frames say when to come back, and from where.
async fn opened(body: &mut Body) {
    assert!(next(body).await.unwrap().starts_with("retry: "));
    assert_eq!(next(body).await.unwrap(), "id: 0-0\nevent: open\ndata: {\"position\":\"0-0\"}\n\n");
}

#[tokio::test]
async fn silence_is_broken_and_comes_to_an_end() {
    let scene = Scene::new();
    let started = Instant::now();
    let mut body = scene.follow(Filter::default()).await;
    opened(&mut body).await;
    let mut heartbeats = 0;
    let last = loop {
        match next(&mut body).await.unwrap() {
            frame if frame == ":\n\n" => heartbeats += 1,
            frame => break frame,
        }
    };
    // Each at its time or later, never sooner.
    assert!((2..=17).contains(&heartbeats), "{heartbeats}");
    assert_eq!(last, "id: 0-0\nevent: close\ndata: {\"position\":\"0-0\"}\n\n");
    assert!(next(&mut body).await.is_none() && started.elapsed() >= LIMITS.stream);
}

#[tokio::test]
async fn only_what_is_wanted_is_told_and_the_end_says_how_far_it_came() {
    let scene = Scene::new();
    let other = OrderId::new(Uuid::from_u128(3));
    let mut of_order = scene.follow(Filter { order: Some(ORDER), types: vec![] }).await;
    let mut of_type = scene.follow(Filter { order: None, types: vec![MessageType::OrderPaid] }).await;
    opened(&mut of_order).await;
    opened(&mut of_type).await;
    for (seq, order, kind) in [(1, other, "order.created.v1"), (2, ORDER, "order.created.v1"), (3, other, "order.paid.v1")] {
        scene.tell(seq, order, kind);
    }
    assert_eq!(next(&mut of_order).await.unwrap(), "id: 1-2\nevent: order.created.v1\ndata: {\"type\":\"order.created.v1\"}\n\n");
    assert!(next(&mut of_type).await.unwrap().starts_with("id: 1-3\nevent: order.paid.v1\n"));
    // Both have seen everything once silence is broken.
    assert_eq!(next(&mut of_order).await.unwrap(), ":\n\n");
    scene.stop.send_replace(true);
    assert_eq!(next(&mut of_order).await.unwrap(), "id: 1-3\nevent: close\ndata: {\"position\":\"1-3\"}\n\n");
    assert_eq!(next(&mut of_order).await, None);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_let_go() {
    let scene = Scene::new();
    let mut body = scene.follow(Filter::default()).await;
    for seq in 1..=100 {
        scene.tell(seq, ORDER, "order.created.v1");
    }
    let feed = scene.hub.feed(TENANT).unwrap().feed;
    within(async || feed.followers() == 0).await;
    let mut frames = 0;
    while next(&mut body).await.is_some() {
        frames += 1;
    }
    assert_eq!(frames, 16, "what had been made ahead, and no more");
}

#[tokio::test]
async fn a_reader_that_goes_leaves_nothing_behind() {
    let scene = Scene::new();
    let mut body = scene.follow(Filter::default()).await;
    opened(&mut body).await;
    let feed = Arc::downgrade(&scene.hub.feed(TENANT).unwrap().feed);
    drop(body);
    // The feed ends with its last follower. (Whoever asked the hub for it would follow it.)
    within(async || feed.upgrade().is_none()).await;
}

#[tokio::test]
async fn nobody_follows_beyond_the_room_that_there_is() {
    let scene = Scene::new();
    drop(scene.hub.feed_from(TENANT, Position::START));
    let mut held = Vec::new();
    let refusal = loop {
        match scene.hub.subscribe(TENANT).await {
            Ok(subscription) => held.push(subscription),
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(refusal, NotFollowed::FullOfTenant) && held.len() == 2_000, "{refusal} after {}", held.len());
    let other = TenantId::new(Uuid::from_u128(9));
    drop(scene.hub.feed_from(other, Position::START));
    let refusal = loop {
        match scene.hub.subscribe(other).await {
            Ok(subscription) => held.push(subscription),
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(refusal, NotFollowed::Full) && held.len() == 3_000, "{refusal} after {}", held.len());
}
