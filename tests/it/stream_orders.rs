//! `GET /v1/orders/stream`: what is told, from where, and in which order.

use std::{
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use tests::{Caller, Events, Options, Stack, raw_id, sample, until, within};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    process::Command,
};

use super::signers::installed;

const PATH: &str = "/v1/orders/stream";

async fn follow(stack: &Stack, caller: &Caller) -> (Events, String) {
    caller.until_told(written(stack, caller).await.len()).await;
    let mut events = caller.get(PATH).follow().await;
    let opened = events.opened().await;
    assert_eq!(opened.event, "open");
    (events, opened.id)
}

/// Every event of a tenant by its position, in the order in which it has to be told.
async fn written(stack: &Stack, caller: &Caller) -> Vec<(String, String)> {
    let query = format!(
        "SELECT tx || '-' || seq AS id, convert_from(body, 'UTF8')::jsonb ->> 'type' AS type FROM outbox
         WHERE exchange = 'orders.events' AND tenant_id = '{}' ORDER BY outbox.tx, outbox.seq",
        raw_id(&caller.key.tenant_id)
    );
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    stack.sql().rows(&query).await.iter().map(|row| (text(&row["id"]), text(&row["type"]))).collect()
}

/// Writes copies of a tenant's first event, as some other transaction would.
async fn write_events(connection: &mut PgConnection, caller: &Caller, count: usize) {
    let copy = format!(
        "INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at)
         SELECT tenant_id, fresh.id, order_id, shard, exchange, routing_key, convert_to(jsonb_set(convert_from(body, 'UTF8')::jsonb,
             '{{id}}', to_jsonb('evt_' || replace(fresh.id::text, '-', '')))::text, 'UTF8'), created_at
         FROM (SELECT * FROM outbox WHERE tenant_id = '{}' AND routing_key = 'order.created' ORDER BY seq LIMIT 1) AS first,
             (SELECT gen_random_uuid() AS id FROM generate_series(1, {count})) AS fresh",
        raw_id(&caller.key.tenant_id)
    );
    assert_eq!(sqlx::raw_sql(AssertSqlSafe(copy)).execute(connection).await.unwrap().rows_affected(), count as u64);
}

#[tokio::test]
async fn an_event_is_told_as_it_was_published_and_to_nobody_else() {
    let stack = Stack::start(Options::http()).await;
    let (owner, stranger) = (stack.tenant_without_stock().await, stack.tenant_without_stock().await);
    let ((mut owners, _), (mut strangers, _)) = (follow(&stack, &owner).await, follow(&stack, &stranger).await);
    let order = owner.place(&sample::order()).await;
    let heard = owners.some().await;
    let body = stack.sql().value("SELECT convert_from(body, 'UTF8') FROM outbox WHERE routing_key = 'order.created'").await;
    assert_eq!((&heard.data, &*heard.event), (&body.as_str().unwrap().to_owned(), "order.created.v1"));
    assert_eq!((&heard.json()["subject"], &heard.id), (&order["id"], &written(&stack, &owner).await[0].0));

    let own = stranger.place(&sample::order()).await;
    assert_eq!(strangers.some().await.json()["subject"], own["id"], "the stranger's first event is its own");
    // Another tenant's position is none of one's own.
    let mut lost = stranger.get(PATH).follow_from(&heard.id).await;
    assert_eq!(lost.opened().await.event, "resync");
}

#[tokio::test]
async fn types_are_chosen_and_unknown_ones_refused() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let mut events = caller.get(&format!("{PATH}?types=order.cancellation_requested.v1,order.paid.v1")).follow().await;
    events.opened().await;
    let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    caller.post(&format!("/v1/orders/{id}/cancel")).new_key().send().await.expect(200);
    assert_eq!(events.some().await.event, "order.cancellation_requested.v1");
    for types in ["order.paid", "inventory.reserve.v1", "order.paid.v1,", ""] {
        let problem = caller.get(&format!("{PATH}?types={types}")).send().await.problem(422, "validation_failed");
        assert_eq!(problem["parameter"], "types", "{types}");
    }
}

#[tokio::test]
async fn who_comes_back_goes_on_where_it_was() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    // Before there is any event there is a position.
    let (events, first) = follow(&stack, &caller).await;
    drop(events);
    caller.place(&sample::order()).await;
    let mut events = caller.get(PATH).follow_from(&first).await;
    assert_eq!((events.opened().await.id, events.some().await.event), (first, "order.created.v1".to_owned()));
    let (events, second) = follow(&stack, &caller).await;
    drop(events);
    let order = caller.place(&sample::order()).await;
    let mut events = caller.get(PATH).follow_from(&second).await;
    assert_eq!((events.opened().await.id, &events.some().await.json()["subject"]), (second, &order["id"]));
}

/// Positions are numbers: as texts 9 would come after 10.
#[tokio::test]
async fn a_stream_begins_behind_the_youngest_transaction() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    caller.place(&sample::order()).await;
    caller.place(&sample::order()).await;
    let aged =
        "UPDATE outbox SET tx = (CASE WHEN order_id = (SELECT order_id FROM outbox ORDER BY seq LIMIT 1) THEN '9' ELSE '10' END)::xid8";
    stack.sql().execute(aged).await.unwrap();
    let (_, first) = follow(&stack, &caller).await;
    assert!(first.starts_with("10-"), "{first}");
    let mut events = caller.get(PATH).follow_from("0-0").await;
    events.opened().await;
    let told = [events.some().await.id, events.some().await.id];
    assert!(told[0].starts_with("9-") && told[1] == first, "{told:?}");
}

#[tokio::test]
async fn a_position_that_is_none_any_more_begins_anew_and_says_so() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    caller.place(&sample::order()).await;
    let known = written(&stack, &caller).await[0].0.clone();
    caller.until_told(1).await;
    let (tx, seq) = known.split_once('-').unwrap();
    let wrong = ["nonsense", "1-2-3", "-1-2", "ä", &format!("{tx}-{}", seq.parse::<i64>().unwrap() + 1), "999999999999-1"];
    for position in wrong {
        let mut events = caller.get(PATH).header("last-event-id", position).follow().await;
        let opened = events.opened().await;
        assert_eq!((&*opened.event, &opened.id, &opened.json()), ("resync", &known, &json!({ "position": known })), "{position}");
    }
    let mut events = caller.get(PATH).follow_from(&known).await;
    assert_eq!(events.opened().await.event, "open");

    // An event that is kept no longer, or not for long, is no place to go on from.
    stack.sql().execute("UPDATE outbox SET created_at = now() - interval '30 days'").await.unwrap();
    let mut events = caller.get(PATH).follow_from(&known).await;
    assert_eq!(events.opened().await.event, "resync");
    let order = caller.place(&sample::order()).await;
    assert_eq!(events.some().await.json()["subject"], order["id"], "and it goes on from there");
}

#[tokio::test]
async fn what_commits_late_is_told_in_its_place() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    caller.place(&sample::order()).await;
    let (mut events, _) = follow(&stack, &caller).await;
    let mut late = stack.sql().pool().acquire().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut *late).await.unwrap();
    write_events(&mut late, &caller, 2).await;
    let order = caller.place(&sample::order()).await;
    sqlx::raw_sql("COMMIT").execute(&mut *late).await.unwrap();
    let heard = [events.some().await, events.some().await, events.some().await];
    assert_eq!(heard[2].json()["subject"], order["id"]);
    let ids: Vec<_> = written(&stack, &caller).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(heard.map(|frame| frame.id), ids[1..]);
}

/// Orders that are placed, events of transactions that stay open for a while, and how often the reader hangs up.
const PLACED: usize = 850;
const LATE: usize = 150;
const LATE_AT_ONCE: usize = 5;
const RECONNECTS: usize = 100;

/// A thousand events, many of which are committed after younger ones; Redis goes away and comes back meanwhile.
async fn write(stack: &Stack, caller: &Caller) {
    let placed = AtomicUsize::new(1);
    let placing = stream::iter(1..PLACED).for_each_concurrent(4, async |place| {
        caller.place(&sample::order()).await;
        placed.fetch_add(1, Ordering::SeqCst);
        match place {
            300 => stack.proxy("REDIS_URL").cut(),
            500 => stack.proxy("REDIS_URL").mend(),
            _ => {}
        }
    });
    let late = stream::iter(0..LATE / LATE_AT_ONCE).for_each_concurrent(3, async |_| {
        let sql = stack.sql();
        let mut connection = sql.pool().acquire().await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut *connection).await.unwrap();
        write_events(&mut connection, caller, LATE_AT_ONCE).await;
        let enough = (placed.load(Ordering::SeqCst) + 20).min(PLACED);
        let others = within(Duration::from_secs(300), async || (placed.load(Ordering::SeqCst) >= enough).then_some(())).await;
        others.expect("others commit meanwhile");
        sqlx::raw_sql("COMMIT").execute(&mut *connection).await.unwrap();
    });
    tokio::join!(placing, late);
}

#[tokio::test]
async fn a_foreign_reader_that_hangs_up_a_hundred_times_hears_a_thousand_events_once_and_in_order() {
    let stack = Stack::start(Options::http().proxied("REDIS_URL")).await;
    let (caller, other) = (stack.tenant_without_stock().await, stack.tenant_without_stock().await);
    let (events, first) = follow(&stack, &caller).await;
    drop(events);
    // The first is there to be copied; of the other's there must be no trace.
    caller.place(&sample::order()).await;
    other.place(&sample::order()).await;

    let mut command = Command::new(installed("TEST_READERS_PYTHON"));
    command.arg(format!("{}/fixtures/readers/follow.py", env!("CARGO_MANIFEST_DIR")));
    command.args([&(PLACED + LATE).to_string(), &RECONNECTS.to_string(), &first]);
    command.env("ORDERS_URL", stack.url()).env("ORDERS_KEY_ID", &caller.key.key_id).env("ORDERS_SECRET", &caller.key.secret);
    let reading = command.env("PYTHONDONTWRITEBYTECODE", "1").kill_on_drop(true).stdin(Stdio::null()).output();
    let (read, ()) = tokio::join!(reading, write(&stack, &caller));
    let read = read.unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));

    let text = String::from_utf8(read.stdout).unwrap();
    let frames: Vec<(String, String)> =
        text.lines().filter_map(|line| line.split_once(' ')).map(|(id, kind)| (id.to_owned(), kind.to_owned())).collect();
    let connections = frames.iter().filter(|(_, kind)| kind == "open").count();
    let told: Vec<_> = frames.into_iter().filter(|(_, kind)| kind.starts_with("order.")).collect();
    let written = written(&stack, &caller).await;
    assert_eq!((connections, written.len()), (RECONNECTS + 1, PLACED + LATE));
    assert!(told == written, "told {} of {}: first difference at {:?}", told.len(), written.len(), difference(&told, &written));
}

fn difference(told: &[(String, String)], written: &[(String, String)]) -> Option<usize> {
    told.iter().zip(written).position(|(told, written)| told != written)
}

#[tokio::test]
async fn a_stop_ends_streams_at_once_and_in_order() {
    let mut stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let (mut events, first) = follow(&stack, &caller).await;
    let asked = Instant::now();
    assert!(stack.service.stop().await.success());
    let last = events.some().await;
    assert_eq!((&*last.event, &last.id, events.next().await), ("close", &first, None));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let ended = stack.logs().with_message("a stream ended");
    assert_eq!((&ended[0]["event.reason"], &ended[0]["labels.frames"]), (&json!("stopping"), &json!(2)), "{ended:?}");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_loses_its_connection_and_nobody_else_waits_for_it() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    caller.place(&sample::order()).await;
    let (mut quick, _) = follow(&stack, &caller).await;
    let mut slow = open_stream(&stack, &caller, Some(1)).await;
    // Some eight megabytes: more than the sockets between them hold.
    write_events(&mut stack.sql().pool().acquire().await.unwrap(), &caller, 6_000).await;
    for _ in 0..6_000 {
        quick.some().await;
    }
    let is_let_go =
        async || stack.logs().with_message("a stream ended").iter().any(|line| line["event.reason"] == "slow_reader").then_some(());
    within(Duration::from_secs(60), is_let_go).await.expect("a reader that takes nothing is let go");
    // What is in the sockets may still be read; then it is over.
    let mut is_closed = async || {
        let mut piece = vec![0; 1 << 20];
        loop {
            match slow.read(&mut piece).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), is_closed()).await.expect("its connection is closed");
}

/// Sends a signed request over a connection of its own and reads nothing.
async fn open_stream(stack: &Stack, caller: &Caller, receive_buffer: Option<u32>) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    let address = stack.url().strip_prefix("http://").unwrap().parse().unwrap();
    let mut connection = socket.connect(address).await.unwrap();
    let (head, _) = caller.get(PATH).into_wire();
    connection.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    connection
}

/// Idle streams, and what they may cost.
const IDLE: usize = 2_000;
const IDLE_BYTES_MAX: usize = 150 * 1024 * 1024;

#[tokio::test]
async fn two_thousand_idle_streams_cost_little() {
    let stack = Stack::start(Options::http()).await;
    let callers = [stack.tenant_without_stock().await, stack.tenant_without_stock().await];
    let before = resident_bytes(stack.service.pid());
    let opening = stream::iter(0..IDLE).map(async |place| {
        let mut connection = open_stream(&stack, &callers[place % 2], None).await;
        let mut heard = Vec::new();
        while !heard.windows(11).any(|bytes| bytes == b"event: open") {
            assert_ne!(connection.read_buf(&mut heard).await.unwrap(), 0, "{}", String::from_utf8_lossy(&heard));
        }
        connection
    });
    let mut streams: Vec<_> = opening.buffer_unordered(50).collect().await;
    let cost = resident_bytes(stack.service.pid()) - before;
    println!("{IDLE} idle streams cost {} KiB, {} bytes each", cost / 1024, cost / IDLE);
    assert!(cost < IDLE_BYTES_MAX, "{cost}");
    // They are alive: each tenant's event reaches each of its streams.
    for caller in &callers {
        caller.place(&sample::order()).await;
    }
    for connection in &mut streams {
        let mut heard = Vec::new();
        while !heard.windows(23).any(|bytes| bytes == b"event: order.created.v1") {
            assert_ne!(connection.read_buf(&mut heard).await.unwrap(), 0);
        }
    }
    drop(streams);
    until("all are counted as ended", async || (stack.logs().with_message("a stream ended").len() == IDLE).then_some(())).await;
}

/// What a process has in memory (proc(5), `statm`), in pages of 4 KiB.
fn resident_bytes(pid: u32) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
