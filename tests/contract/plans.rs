//! What jobs look for all the time is found by an index, however much else waits.

use serde_json::Value;
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

/// 10,000 orders of ours among as many of another tenant: each value that is asked about is that of all the other's, and of ours but for the
/// newest 2,000. Common, so that an index on it looks useless, and a long way from the newest.
const TWO_TENANTS: &str = "
    SET session_replication_role = replica;
    INSERT INTO orders (tenant_id, id, number, external_reference, create_key, create_fingerprint, version, event_sequence, status,
        payment_status, fulfillment_status, return_status, stock_status, stock_attempt, currency, customer_reference, shipping, shipping_tax,
        discount, total, balances, holds, metadata, created_at, updated_at)
    SELECT ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, lpad(to_hex(n), 32, '0')::uuid, n, 'cart-' || n, n, '', 1, 1,
        CASE WHEN common THEN 'completed' ELSE 'pending' END, CASE WHEN common THEN 'paid' ELSE 'pending' END,
        CASE WHEN common THEN 'delivered' ELSE 'unfulfilled' END, CASE WHEN common THEN 'returned' ELSE 'none' END, 'off', 1, 'EUR',
        CASE WHEN common THEN 'cus_1' ELSE 'cus_' || n END, 0, 0, 0, 0, '{}', '[]', '{}', now(), now()
    FROM (SELECT n, n % 2 = 1 OR n <= 16000 AS common FROM generate_series(1, 20000) AS n) AS numbered;
    INSERT INTO order_contacts (tenant_id, order_id, email_normalized, customer)
    SELECT tenant_id, id, customer_reference || '@example.com', '{}' FROM orders;
    RESET session_replication_role";
/// Ours: the even numbers.
const ASKING: &str = "00000000-0000-0000-0000-000000000001";
/// A page of 50 looks at each of its orders and comes there by a level or two of an index. Whoever passes by all orders looks at hundreds.
const PAGES_MAX: u64 = 60;
/// An e-mail address is looked up beside the orders: each of them is found by its primary key.
const PAGES_BY_EMAIL_MAX: u64 = 220;

/// Every filter of list-orders walks its own index, however common its value is elsewhere; so does every bound of time.
#[tokio::test]
async fn every_filter_of_a_list_walks_its_index() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    sql.execute(TWO_TENANTS).await.unwrap();
    sql.execute("VACUUM ANALYZE orders, order_contacts").await.unwrap();
    for (value, column, index) in [
        ("''", "''", "orders_pkey"),
        ("'completed'", "'status'", "orders_status_idx"),
        ("'paid'", "'payment_status'", "orders_payment_status_idx"),
        ("'delivered'", "'fulfillment_status'", "orders_fulfillment_status_idx"),
        ("'returned'", "'return_status'", "orders_return_status_idx"),
        ("'cus_1'", "'customer_reference'", "orders_customer_reference_idx"),
    ] {
        for end in [200, 10_000, 20_000] {
            let arguments = format!("NULL, NULL, NULL, NULL, NULL, NULL, NULL, {}, 51, {value}, {column}", until(end));
            let page = page(&sql, "order_list_page", &arguments).await;
            assert!(page.walks(index) && page.pages <= PAGES_MAX, "{column} until {end}:\n{page:#?}");
        }
    }
    for (filters, index) in [
        ("NULL, NULL, NULL, NULL, NULL, 4720, NULL", "orders_number_key"),
        ("NULL, NULL, NULL, NULL, NULL, NULL, 'cart-4720'", "orders_external_reference_key"),
    ] {
        let page = page(&sql, "order_list_page", &format!("{filters}, {}, 51, '', ''", until(20_000))).await;
        assert!(page.plan.to_string().contains(index) && page.pages <= PAGES_MAX, "{page:#?}");
    }
    for end in [200, 10_000, 20_000] {
        let arguments = format!("NULL, NULL, NULL, NULL, NULL, NULL, NULL, {}, 51, 'cus_1@example.com'", until(end));
        let page = page(&sql, "order_list_page_by_email", &arguments).await;
        assert!(page.walks("order_contacts_email_idx") && page.pages <= PAGES_BY_EMAIL_MAX, "until {end}:\n{page:#?}");
    }
}

/// The first id, and that of the order before which a page ends.
fn until(number: u32) -> String {
    format!("'00000000-0000-0000-0000-000000000000', '{number:032x}'")
}

/// How a page was read.
#[derive(Debug)]
struct Page {
    plan: Value,
    /// Pages of tables and indexes that were looked at.
    pages: u64,
}

impl Page {
    /// By this index alone, but for orders that are looked up one by one, and in its order.
    fn walks(&self, index: &str) -> bool {
        let plan = self.plan.to_string();
        plan.contains(index) && ["Sort", "Seq Scan", "Bitmap"].iter().all(|node| !plan.contains(node))
    }
}

/// Reads a page as the service does: as one who may see one tenant's orders, planned for these parameters.
async fn page(sql: &Sql, statement: &str, arguments: &str) -> Page {
    let text = |wanted: &str| statements::statements().into_iter().find(|(name, _)| name == wanted).unwrap().1;
    let script = format!(
        "BEGIN; SET LOCAL ROLE orders_app; SET LOCAL app.tenant_id = '{ASKING}'; {};
         PREPARE asked AS {}",
        text("order_list_plan"),
        text(statement)
    );
    let mut connection = sql.pool().acquire().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut *connection).await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked('{ASKING}', {arguments})");
    let plan: Value = sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_one(&mut *connection).await.unwrap();
    sqlx::raw_sql("ROLLBACK; DEALLOCATE asked").execute(&mut *connection).await.unwrap();
    let plan = plan[0]["Plan"].clone();
    let pages = ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|blocks| plan[blocks].as_u64()).sum();
    Page { plan, pages }
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
