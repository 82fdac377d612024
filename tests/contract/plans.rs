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
        ("deferred_message_claim_due", "orders_relay", "now(), now(), 8", "deferred_messages_due_idx"),
        ("order_holding_stock", "orders_auditor", "now(), 1000", "orders_ended_holding_idx"),
    ] {
        let plan = plan(&sql, statement, role, arguments).await;
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{statement}:\n{plan}");
    }
}

/// The plan that a process of the service uses: one for all parameters.
async fn plan(sql: &Sql, statement: &str, role: &str, arguments: &str) -> String {
    let (_, text) = statements::statements().into_iter().find(|(name, _)| name == statement).unwrap();
    let script = format!("SET plan_cache_mode = force_generic_plan; SET ROLE {role}; PREPARE asked AS {text}");
    let mut connection = sql.pool().acquire().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut *connection).await.unwrap();
    let explain = format!("EXPLAIN EXECUTE asked({arguments})");
    let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql("RESET ROLE; DEALLOCATE asked").execute(&mut *connection).await.unwrap();
    lines.join("\n")
}
