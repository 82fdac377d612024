//! What has served its time goes, what has not stays, and nobody who places or publishes orders notices.

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::{Database, Options, Process, Program, Servers, Sql, Stack, sample, until};

/// Made twelve weeks back, as they would be there if prune-records had never dropped one.
const OLD_WEEKS: &str = "SELECT outbox_add_weeks(now() - interval '12 weeks', now())";
/// Weeks that should be gone.
const OVERDUE: &str = "outbox_partitions WHERE end_event_id <= uuidv7_floor(now() - interval '30 days')";

#[tokio::test]
async fn old_weeks_go_and_the_next_ones_come() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    sql.execute(OLD_WEEKS).await.unwrap();
    sql.execute("SELECT outbox_drop_week(partition) FROM outbox_partitions WHERE first_event_id > uuidv7_floor(now())").await.unwrap();
    write(&sql, "40 days", "old").await;
    write(&sql, "29 days", "old").await;
    let run = Run::of(&database).await;
    assert!(run.succeeded, "{:?}", run.lines);
    assert_eq!(sql.count("outbox").await, 1, "what is 40 days old is gone, what is 29 days old is not");
    assert_eq!(sql.count(OVERDUE).await, 0);
    let ahead =
        "outbox_partitions WHERE first_event_id > uuidv7_floor(now()) AND first_event_id <= uuidv7_floor(now() + interval '3 weeks')";
    assert_eq!(sql.count(ahead).await, 3);
    let gaps =
        "(SELECT first_event_id <> lag(end_event_id) OVER (ORDER BY first_event_id) AS is_gap FROM outbox_partitions) AS w WHERE is_gap";
    assert_eq!(sql.count(gaps).await, 0, "a week follows another");
    assert_eq!(run.told("weeks.added"), 3);
}

#[tokio::test]
async fn a_week_stays_until_everything_in_it_is_sent() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    sql.execute(OLD_WEEKS).await.unwrap();
    write(&sql, "60 days", "NULL").await;
    write(&sql, "50 days", "old").await;
    // Somebody wants what is 50 days old again.
    sql.execute(
        "INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, republishes, created_at)
                 SELECT tenant_id, uuidv7_floor(now()), order_id, shard, exchange, routing_key, event_id, now()
                 FROM outbox WHERE published_at IS NOT NULL",
    )
    .await
    .unwrap();
    let run = Run::of(&database).await;
    assert!(run.succeeded, "{:?}", run.lines);
    assert_eq!(sql.count("outbox").await, 3);
    let kept = run.lines.iter().find(|line| line["log.level"] == "error").unwrap()["labels.partitions"].clone();
    assert_eq!(kept.as_str().unwrap().split(", ").count(), 2, "{kept}");
    sql.execute("UPDATE outbox SET published_at = now()").await.unwrap();
    assert!(Run::of(&database).await.succeeded);
    assert_eq!(sql.count("outbox").await, 1, "only the week that is not over is left");
}

#[tokio::test]
async fn each_kind_of_record_is_kept_for_its_time_and_no_longer() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    let limits = [("idempotency_records", 24), ("inbox", 14 * 24), ("dead_letters", 90 * 24)];
    for (table, hours) in limits {
        // More than one batch of them.
        insert(&sql, table, &format!("{} hours", hours + 1), 2_500).await;
        insert(&sql, table, &format!("{} hours", hours - 1), 2).await;
    }
    sql.execute(
        "INSERT INTO deferred_messages
                     (tenant_id, id, consumer, source, message_id, type, class, reason, body_sealed, attempts, created_at, due_at)
                 SELECT gen_random_uuid(), gen_random_uuid(), 'c', '/s', 'm', 't.v1', 'parked', 'r', '', 1, old, old
                 FROM (SELECT now() - interval '1 year' AS old) AS o",
    )
    .await
    .unwrap();
    let settle = "UPDATE dead_letters SET state = 'discarded' WHERE id IN (SELECT id FROM dead_letters ORDER BY id LIMIT 1000)";
    sql.execute(settle).await.unwrap();
    let run = Run::of(&database).await;
    assert!(run.succeeded, "{:?}", run.lines);
    for (table, _) in limits {
        assert_eq!(sql.count(table).await, 2, "{table}");
        assert_eq!(run.told(&format!("rows.{table}")), 2_500, "{table}");
    }
    assert_eq!(sql.count("deferred_messages").await, 1);
    let lost = "dead letters are gone that nobody replayed or discarded in their time";
    assert!(run.lines.iter().any(|line| line["message"] == lost && line["rows.count"] == 1_500), "{:?}", run.lines);
}

#[tokio::test]
async fn what_has_no_week_is_taken_published_and_deleted_in_its_time() {
    let mut stack = Stack::start(Options::broker().except(&["prune-records"])).await;
    let sql = stack.sql();
    let caller = stack.tenant_without_stock().await;
    let _commands = stack.partner().await.listen_to_commands().await;
    sql.execute("SELECT outbox_drop_week(partition) FROM outbox_partitions").await.unwrap();
    for _ in 0..3 {
        caller.place(&sample::order()).await;
    }
    assert!(sql.count("outbox_default").await > 0);
    until("it is published", async || (sql.count("outbox WHERE published_at IS NULL").await == 0).then_some(())).await;
    stack.service.stop().await;
    // The week that has begun stays where its messages are; those that come are made all the same.
    assert!(Run::of(&stack.database).await.succeeded);
    assert_eq!(sql.count("outbox_partitions").await, 3);
    // One more than is sent: it stays.
    sql.execute(
        "UPDATE outbox_default SET event_id = overlay(event_id::text PLACING left(uuidv7_floor(now() - interval '31 days')::text, 13)
                     FROM 1 FOR 13)::uuid",
    )
    .await
    .unwrap();
    sql.execute("UPDATE outbox_default SET published_at = NULL WHERE seq = (SELECT min(seq) FROM outbox_default)").await.unwrap();
    assert!(Run::of(&stack.database).await.succeeded);
    assert_eq!(sql.count("outbox").await, 1);
}

#[tokio::test]
async fn orders_are_placed_and_published_across_the_border_of_a_week() {
    /// Far more than are placed in two seconds.
    const ORDERS_MAX: usize = 2_000;
    let stack = Stack::start(Options::whole()).await;
    let sql = stack.sql();
    divide_this_week(&sql).await;
    let caller = stack.tenant().await;
    let before = sequential_scans(&sql).await;
    let mut orders = Vec::new();
    while sql.value("SELECT pg_relation_size('outbox_after') AS n").await == 0 && orders.len() < ORDERS_MAX {
        orders.push(caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned());
    }
    for id in &orders {
        caller.order_once(id, "status", "completed").await;
    }
    // The relay made its plans when both were empty.
    assert_eq!(sequential_scans(&sql).await - before, 0, "a week was read from its beginning to its end");
    until("everything is published", async || (sql.count("outbox WHERE published_at IS NULL").await == 0).then_some(())).await;
    assert!(sql.count("outbox_before").await > 0 && sql.count("outbox_after").await > 0, "messages are on one side of the border only");
    sql.assert_books_are_right().await;
}

#[tokio::test]
async fn a_long_transaction_on_the_outbox_stops_no_order() {
    let stack = Stack::start(Options::http()).await;
    let sql = stack.sql();
    let caller = stack.tenant().await;
    sql.execute(OLD_WEEKS).await.unwrap();
    let mut holder = sql.pool().acquire().await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM outbox").execute(&mut *holder).await.unwrap();
    let mut pruning = Process::spawn(Program::Function("prune-records"), &["--once"], stack.environment());
    let mut placed = 0;
    {
        let ended = pruning.ended();
        tokio::pin!(ended);
        while let Some(answer) = tokio::select! {
            status = &mut ended => {
                assert!(status.success());
                None
            }
            answer = caller.post("/v1/orders").key(&format!("k-{placed}")).json(&sample::order()).send() => Some(answer),
        } {
            // 409 if it had waited behind a run that waits.
            answer.expect(201);
            placed += 1;
        }
    }
    assert!(placed > 10, "the run was so short that {placed} orders show nothing");
    let held = "a long transaction holds the outbox: its weeks are left to the next run";
    assert_eq!(pruning.logs().with_message(held).len(), 1, "{}", pruning.logs().text());
    sqlx::raw_sql("ROLLBACK").execute(&mut *holder).await.unwrap();
    assert!(Run::of(&stack.database).await.succeeded);
    assert_eq!(sql.count(OVERDUE).await, 0);
}

#[tokio::test]
async fn a_run_that_is_stopped_or_killed_is_finished_by_the_next() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    insert(&sql, "inbox", "15 days", 60_000).await;
    insert(&sql, "inbox", "13 days", 5).await;
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let before = sql.count("inbox").await;
        let mut pruning = Process::spawn(Program::Function("prune-records"), &["--once"], &environment(&database));
        until("it has begun", async || (sql.count("inbox").await < before).then_some(())).await;
        pruning.signal(signal);
        assert_eq!(pruning.ended().await.success(), signal == Signal::SIGTERM);
        assert!(sql.count("inbox").await > 5, "there was nothing left for the next run");
    }
    // Two at once are no more than one.
    let (one, other) = tokio::join!(Run::of(&database), Run::of(&database));
    assert!(one.succeeded && other.succeeded);
    assert_eq!(sql.count("inbox").await, 5);
}

/// A run to its end, and what it said.
struct Run {
    succeeded: bool,
    lines: Vec<Value>,
}

impl Run {
    async fn of(database: &Database) -> Self {
        let output = Program::Function("prune-records").run(&["--once"], &environment(database)).await;
        let text = String::from_utf8(output.stdout).unwrap();
        Self { succeeded: output.status.success(), lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() }
    }

    /// A number that it told.
    fn told(&self, field: &str) -> i64 {
        self.lines.iter().find_map(|line| line[field].as_i64()).unwrap_or_else(|| panic!("no {field} in {:?}", self.lines))
    }
}

fn environment(database: &Database) -> [(&'static str, String); 2] {
    [("DATABASE_URL", database.service_url()), ("METRICS_PORT", "0".to_owned())]
}

/// A message of the outbox that was written so long ago.
async fn write(sql: &Sql, age: &str, published: &str) {
    let message = format!(
        "INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at, published_at)
         SELECT gen_random_uuid(), uuidv7_floor(old), gen_random_uuid(), 0, 'orders.events', 'order.created', '', old, {published}
         FROM (SELECT now() - interval '{age}' AS old) AS o"
    );
    sql.execute(&message).await.unwrap();
}

/// So many rows of a table that were made so long ago.
async fn insert(sql: &Sql, table: &str, age: &str, count: u32) {
    let (columns, values) = match table {
        "idempotency_records" => ("tenant_id, function, key, fingerprint, answer_sealed, created_at", "id, 'f', 'k', '', '', old"),
        "inbox" => ("tenant_id, consumer, source, message_id, received_at", "id, 'c', '/s', 'm', old"),
        "dead_letters" => (
            "id, tenant_id, consumer, reason_class, reason, preview, body_sealed, created_at",
            "overlay(id::text PLACING left(uuidv7_floor(old)::text, 13) FROM 1 FOR 13)::uuid, id, 'c', 'poison', 'r', '{}', '', old",
        ),
        table => panic!("what does a row of {table} have?"),
    };
    let rows = format!(
        "INSERT INTO {table} ({columns}) SELECT {values}
         FROM (SELECT gen_random_uuid() AS id, now() - interval '{age}' AS old FROM generate_series(1, {count})) AS o"
    );
    sql.execute(&rows).await.unwrap();
}

/// Lets another partition of the outbox begin in two seconds.
async fn divide_this_week(sql: &Sql) {
    let divide = "DO $$
        DECLARE
            week record;
            border CONSTANT uuid := uuidv7_floor(now() + interval '2 seconds');
        BEGIN
            SELECT * INTO STRICT week FROM outbox_partitions
            WHERE first_event_id <= uuidv7_floor(now()) AND end_event_id > uuidv7_floor(now());
            EXECUTE format('DROP TABLE %s', week.partition);
            CREATE TABLE outbox_before (LIKE outbox INCLUDING CONSTRAINTS);
            CREATE TABLE outbox_after (LIKE outbox INCLUDING CONSTRAINTS);
            EXECUTE format('ALTER TABLE outbox ATTACH PARTITION outbox_before FOR VALUES FROM (%L) TO (%L)', week.first_event_id, border);
            EXECUTE format('ALTER TABLE outbox ATTACH PARTITION outbox_after FOR VALUES FROM (%L) TO (%L)', border, week.end_event_id);
        END
        $$;
        SELECT pg_stat_force_next_flush()";
    sql.execute(divide).await.unwrap();
}

/// How often a half of the divided week was read whole.
async fn sequential_scans(sql: &Sql) -> i64 {
    let scans = "SELECT sum(seq_scan)::bigint AS n FROM pg_stat_user_tables WHERE relname IN ('outbox_before', 'outbox_after')";
    sql.value(scans).await.as_i64().unwrap()
}
