//! Two who wait for the same lock are surely at once: both have begun before either has done anything. A service that loads an order
//! before it has the lock, or in the statement that waits for it, lets both of them pass.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use tests::{Sql, raw_id, until};
use uuid::Uuid;

use super::{Course, Racer, Scene};

const LOCK: &str = include_str!("../../../shared/src/db/orders/order_lock.sql");
const LOAD: &str = include_str!("../../../shared/src/db/orders/order_load.sql");

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_one_lock_that_want_the_same_money_one_gets_it() {
    let course = Course::open().await;
    let wishes = [(Scene::Captured, Racer::RefundRest), (Scene::Captured, Racer::RefundLine), (Scene::Authorized, Racer::CaptureRest)];
    let mut answers = Vec::new();
    for (scene, racer) in wishes {
        answers.push(both_at_the_lock(&course, scene, racer).await);
    }
    // The order's own row would not tell the second that these units are paid back already, nor that the money is being taken: its lines
    // and operations do.
    let expected = [["202", "409 invalid_transition"], ["202", "422 quantity_exceeds_available"], ["202", "409 invalid_transition"]];
    assert_eq!(answers, expected);
    course.assert_all_books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_waited_for_a_lock_has_read_the_past_and_the_next_one_reads_the_present() {
    let course = Course::open().await;
    let order = Scene::Captured.prepare(&course).await;
    let lock_and_load = format!("{LOAD} FOR UPDATE OF o");
    let (before, in_one) = loaded_after_a_wait(&course, &order.id, &[&lock_and_load]).await;
    // The new order with its old lines: this is why no statement of ours waits and reads.
    assert_eq!(in_one, Seen { version: before.version + 1, refunded: before.refunded });
    let (before, in_two) = loaded_after_a_wait(&course, &order.id, &[LOCK, LOAD]).await;
    assert_eq!(in_two, Seen { version: before.version + 1, refunded: before.refunded + 1 });
}

/// The answers to two requests that were let go together.
async fn both_at_the_lock(course: &Course, scene: Scene, racer: Racer) -> [String; 2] {
    let order = scene.prepare(course).await;
    let mut holder = course.sql.pool().acquire().await.unwrap();
    let lock = format!("SELECT FROM orders WHERE id = '{}' FOR UPDATE", raw_id(&order.id));
    holder.execute("BEGIN").await.unwrap();
    holder.execute(AssertSqlSafe(lock)).await.unwrap();
    let keys = [(); 2].map(|()| Uuid::new_v4().to_string());
    let release = async {
        somebody_waits(&course.sql, 2).await;
        holder.execute("ROLLBACK").await.unwrap();
    };
    let (first, second, ()) = tokio::join!(racer.run(course, &order, &keys[0]), racer.run(course, &order, &keys[1]), release);
    course.settle(&order.id).await;
    let mut answers = [first, second];
    answers.sort();
    answers
}

/// What an order's own row says, and what one of its lines does.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    version: i64,
    refunded: i64,
}

/// What statements see, the last of which loads an order, when the first had to wait for somebody who changes it; and what it was before.
async fn loaded_after_a_wait(course: &Course, order: &str, statements: &[&str]) -> (Seen, Seen) {
    let reader = course.sql.as_tenant(&course.caller.key.tenant_id);
    let before = load(course, &reader, order, &[LOAD]).await;
    let mut writer = course.sql.pool().acquire().await.unwrap();
    let change = format!(
        "BEGIN; UPDATE orders SET version = version + 1 WHERE id = '{id}'; UPDATE order_lines SET refunded = refunded + 1 WHERE order_id = '{id}' AND ordered = 2",
        id = raw_id(order)
    );
    writer.execute(AssertSqlSafe(change)).await.unwrap();
    let commit = async {
        somebody_waits(&course.sql, 1).await;
        writer.execute("COMMIT").await.unwrap();
    };
    let (after, ()) = tokio::join!(load(course, &reader, order, statements), commit);
    (before, after)
}

/// Runs statements in one transaction of the tenant, each with the tenant and the order, and shows what the last one loads.
async fn load(course: &Course, reader: &Sql, order: &str, statements: &[&str]) -> Seen {
    let [tenant, order] = [&course.caller.key.tenant_id, order].map(|id| raw_id(id).parse::<Uuid>().unwrap());
    let mut session = reader.pool().acquire().await.unwrap();
    session.execute("BEGIN").await.unwrap();
    let mut row = None;
    for statement in statements {
        let query = sqlx::query(AssertSqlSafe((*statement).to_owned())).bind(tenant);
        // A statement that loads takes many orders.
        let query = if statement.contains("$2::uuid[]") { query.bind([order]) } else { query.bind(order) };
        row = Some(query.fetch_one(&mut *session).await.unwrap());
    }
    session.execute("COMMIT").await.unwrap();
    let document: Value = row.unwrap().get(0);
    Seen { version: document["version"].as_i64().unwrap(), refunded: document["lines"][0]["refunded"].as_i64().unwrap() }
}

/// Waits until so many sessions of this database wait for a lock.
async fn somebody_waits(sql: &Sql, sessions: i64) {
    let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("the lock is waited for", async || (sql.count(waiting).await == sessions).then_some(())).await;
}
