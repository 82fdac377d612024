//! What jobs look for all the time is found by an index, however much else waits.

use tests::{Database, Servers, Sql};

use super::statements;

/// A backlog of what is not due, and of other kinds.
const BACKLOG: &str = "
    INSERT INTO timers (tenant_id, kind, subject_id, due_at)
    SELECT gen_random_uuid(), kind, gen_random_uuid(), now() + n * interval '1 second'
    FROM generate_series(1, 10000) AS n, unnest(ARRAY['payment_deadline', 'payment_reconcile']) AS kind;
    INSERT INTO deferred_messages
        (tenant_id, id, consumer, source, message_id, type, class, reason, body_sealed, attempts, created_at, due_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 'c', '/s', n::text, 't.v1', 'parked', 'r', '', 1, now(), now() + n * interval '1 second'
    FROM generate_series(1, 10000) AS n;
    ANALYZE timers, deferred_messages";

#[tokio::test]
async fn what_is_due_is_found_by_its_index() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    sql.execute(BACKLOG).await.unwrap();
    for (statement, role, arguments, index) in [
        ("timer_claim_due", "orders_relay", "'payment_deadline', now(), now(), 8", "timers_kind_due_idx"),
        ("deferred_message_claim_due", "orders_relay", "now(), now(), 8, '{}'", "deferred_messages_due_idx"),
        ("order_holding_stock", "orders_auditor", "now(), 1000", "orders_ended_holding_idx"),
    ] {
        let plan = plan(&sql, statement, role, arguments).await;
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{statement}:\n{plan}");
    }
}

/// The relay keeps its plans while weeks begin, which are empty until then: each is found by its index and none is read whole.
#[tokio::test]
async fn every_week_of_the_outbox_is_read_by_an_index_from_its_first_message_on() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    // As after a restore: PostgreSQL is sure that they are empty.
    sql.execute("ANALYZE outbox").await.unwrap();
    let weeks = usize::try_from(sql.count("outbox_partitions").await).unwrap();
    for (statement, arguments, scan) in [
        ("outbox_unpublished", "'{0,1}', '{64,64}', '{}'", "unpublished_idx|shard_seq_idx"),
        ("outbox_mark_published", "'{}', '{}', now()", "pkey|event_idx"),
    ] {
        let plan = plan(&sql, statement, "orders_relay", arguments).await;
        let scans = plan.lines().filter(|line| scan.split('|').any(|index| line.contains(index))).count();
        assert!(scans == weeks + 1 && !plan.contains("Seq Scan"), "{statement}:\n{plan}");
    }
}

/// Whoever follows a tenant reads what is behind a position and nothing before it, however much there is and whoever's.
#[tokio::test]
async fn the_events_behind_a_position_are_read_by_an_index_in_every_week() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    let weeks = usize::try_from(sql.count("outbox_partitions").await).unwrap();
    for (statement, arguments, condition) in [
        ("outbox_events_after", "gen_random_uuid(), '7', 1, NULL, 100", "ROW(tx, seq) > ROW("),
        ("outbox_event_at", "gen_random_uuid(), '7', 1, now()", "(tx = "),
        ("outbox_event_last", "gen_random_uuid()", "(tx < pg_snapshot_xmin("),
    ] {
        let plan = plan(&sql, statement, "orders_app", arguments).await;
        let scans = plan.lines().filter(|line| line.contains("tenant_id_tx_seq_idx")).count();
        let conditions = plan.lines().filter(|line| line.contains("Index Cond") && line.contains(condition)).count();
        assert!((scans, conditions) == (weeks + 1, weeks + 1) && !plan.contains("Sort  "), "{statement}:\n{plan}");
    }
}

/// What prune-records deletes is found from its oldest row on, however much is younger.
#[tokio::test]
async fn what_is_old_is_found_by_its_index() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    for (statement, arguments, index) in [
        ("idempotency_record_delete_old", "now(), 1000", "idempotency_records_created_idx"),
        ("inbox_delete_old", "now(), 1000", "inbox_received_idx"),
        ("dead_letter_delete_old", "now(), 1000, true", "dead_letters_pkey"),
        ("outbox_default_delete_old", "now(), 1000", "outbox_default_event_idx"),
    ] {
        let plan = plan(&sql, statement, "orders_migrator", arguments).await;
        assert!(plan.contains(index) && plan.contains("Tid Scan") && !plan.contains("Seq Scan"), "{statement}:\n{plan}");
    }
}

/// The plan that a process of the service uses: one for all parameters.
async fn plan(sql: &Sql, statement: &str, role: &str, arguments: &str) -> String {
    let (_, text) = statements::statements().into_iter().find(|(name, _)| name == statement).unwrap();
    let script = format!("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET ROLE {role}; PREPARE asked AS {text}");
    let mut connection = sql.pool().acquire().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut *connection).await.unwrap();
    let explain = format!("EXPLAIN EXECUTE asked({arguments})");
    let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql("RESET ROLE; RESET enable_seqscan; DEALLOCATE asked").execute(&mut *connection).await.unwrap();
    lines.join("\n")
}
