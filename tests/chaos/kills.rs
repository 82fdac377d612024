//! kill -9 in the middle: of the process that answers, of the relay, of the consumers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::join_all;
use serde_json::Value;
use tests::{Options, Stack, sample, until};
use uuid::Uuid;

use crate::setting;

const CONSUMERS: &str = "on-payment-event,on-inventory-event,on-shipment-event,send-payment-operation";
/// Kills of one test, unless `KILLS` says otherwise.
const KILLS: usize = 3;

fn kills() -> usize {
    setting("KILLS").map_or(KILLS, |kills| kills.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_order_survives_the_death_of_the_process_and_a_retry_makes_no_second_one() {
    const ORDERS: usize = 120;
    let mut stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let keys: Vec<String> = (0..ORDERS).map(|_| Uuid::new_v4().to_string()).collect();
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..=KILLS {
        let caller = stack.caller(caller.key.clone());
        let answers = Arc::new(AtomicUsize::new(0));
        let placing = join_all(keys.iter().map(|key| {
            let (caller, answers) = (caller.clone(), Arc::clone(&answers));
            async move {
                let answer = caller.post("/v1/orders").key(key).json(&sample::order()).try_send().await.ok()?;
                answers.fetch_add(1, Ordering::SeqCst);
                Some((key.clone(), answer.json()["id"].as_str()?.to_owned()))
            }
        }));
        let killing = async {
            if round < KILLS {
                until("some orders are answered", || async { (answers.load(Ordering::SeqCst) > 10).then_some(()) }).await;
                stack.service.kill();
            }
        };
        let (placed, ()) = tokio::join!(placing, killing);
        for (key, id) in placed.into_iter().flatten() {
            let first = acknowledged.entry(key).or_insert_with(|| id.clone());
            assert_eq!(*first, id, "a retry was answered with another order");
        }
        if round < KILLS {
            stack.restart().await;
        }
    }
    assert_eq!(acknowledged.len(), ORDERS, "with the last round every key has its answer");
    assert_eq!(stack.sql().count("orders").await, i64::try_from(ORDERS).unwrap());
    assert_eq!(stack.sql().count("outbox").await, 3 * i64::try_from(ORDERS).unwrap(), "an order without its messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_relay_loses_no_message_and_keeps_each_order_in_order() {
    const ORDERS_A_KILL: usize = 50;
    let stack = Stack::start(Options::broker().only("create-order,get-order,get-order-history,list-orders")).await;
    let caller = stack.tenant().await;
    let mut relay = stack.another(&["--only", "outbox-relay"]).await;
    let partner = stack.partner().await;
    until("the relay has declared its exchanges", || async { partner.has_exchange("orders.events").await.then_some(()) }).await;
    let _commands = partner.listen_to_commands().await;
    let mut events = partner.listen("orders.events", "order.#").await;

    let unpublished = "outbox WHERE published_at IS NULL";
    let kills = kills();
    for round in 1..=kills {
        join_all((0..ORDERS_A_KILL).map(|_| async { caller.place(&sample::order()).await })).await;
        // Killed with work before it: what was sent and not marked is sent again.
        let published = i64::try_from(round * ORDERS_A_KILL).unwrap();
        until("the relay is at work", || async {
            (stack.sql().count("outbox WHERE published_at IS NOT NULL").await >= published).then_some(())
        })
        .await;
        relay.kill();
        relay = stack.another(&["--only", "outbox-relay"]).await;
    }
    until("everything is published", || async { (stack.sql().count(unpublished).await == 0).then_some(()) }).await;

    let mut seen = BTreeSet::new();
    while seen.len() < kills * ORDERS_A_KILL {
        let event = events.next().await;
        assert_eq!((event.r#type.as_str(), event.extension_integer("sequence")), ("order.created.v1", Some(1)));
        seen.insert(event.subject.unwrap());
    }
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_consumers_apply_every_message_once() {
    const ORDERS_A_KILL: usize = 14;
    let (kills, orders) = (kills(), kills() * ORDERS_A_KILL);
    let stack = Stack::start(Options::whole().only("create-order,get-order,get-order-history,list-orders,outbox-relay")).await;
    let caller = stack.tenant().await;
    let mut consumers = stack.another(&["--only", CONSUMERS]).await;
    let partner = stack.partner().await;
    for queue in ["order-service.inventory-events", "order-service.payment-operations", "simulator.inventory", "simulator.shipping"] {
        until(&format!("{queue} is consumed"), || async { partner.is_consumed(queue).await.then_some(()) }).await;
    }

    let placed = join_all((0..orders).map(|_| async { caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned() })).await;
    // Of the changes to come, a part before each kill.
    for versions in (1..=kills).map(|kill| i64::try_from(orders + orders * 5 * kill / kills).unwrap()) {
        until("the consumers are at work", || async { (stack.sql().count("order_history").await >= versions).then_some(()) }).await;
        consumers.kill();
        consumers = stack.another(&["--only", CONSUMERS]).await;
    }
    for id in &placed {
        caller.order_once(id, "status", "completed").await;
    }
    each_effect_happened_once(&stack, orders).await;
    consumers.stop().await;
}

/// Every order went its way once, the partner captured once, and the books are right. How many stages of a shipment are seen depends on
/// which report overtakes which.
pub async fn each_effect_happened_once(stack: &Stack, orders: usize) {
    let sql = stack.sql();
    sql.assert_books_are_right().await;
    for action in ["created", "stock_reserved", "payment_captured", "confirmed", "processing", "completed"] {
        let count = sql.count(&format!("order_history WHERE action = '{action}'")).await;
        assert_eq!(count, i64::try_from(orders).unwrap(), "{action}");
    }
    let captured: Vec<Value> = stack.payment_operations().await;
    let operations: BTreeSet<&str> = captured.iter().filter_map(|operation| operation["id"].as_str()).collect();
    assert_eq!((captured.len(), operations.len()), (orders, orders), "an operation was made twice");
}
