//! No tenant reaches another's rows, in any table, whatever a statement forgets to say.

use serde_json::json;
use tests::{Database, Options, Partner, Servers, Sql, Stack, raw_id, sample, until};

/// What a table must have; each query lists what breaks the rule.
const RULES: [(&str, &str); 9] = [
    ("row-level security is on and forced", "SELECT relname FROM tables WHERE NOT relrowsecurity OR NOT relforcerowsecurity"),
    (
        "the policies tenant, owner and auditor are there",
        "SELECT relname || ' lacks ' || needed FROM tables, unnest(ARRAY['tenant', 'owner', 'auditor']) AS needed
         WHERE NOT (relispartition AND needed <> 'owner')
         AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = tables.oid AND p.polname = needed)",
    ),
    (
        "nobody but its owner comes to a partition past its table",
        "SELECT relname || ': ' || role FROM tables, unnest(ARRAY['orders_app', 'orders_relay', 'orders_auditor']) AS role
         WHERE relispartition AND (has_any_column_privilege(role, oid, 'SELECT, INSERT, UPDATE')
             OR has_table_privilege(role, oid, 'DELETE, TRUNCATE'))
         UNION ALL SELECT relname || ': ' || polname FROM tables JOIN pg_policy p ON p.polrelid = tables.oid
         WHERE relispartition AND polname <> 'owner'",
    ),
    (
        "the policy tenant compares the tenant for reading and for writing",
        "SELECT tablename::text FROM pg_policies WHERE schemaname = 'public' AND policyname = 'tenant'
         AND (qual NOT LIKE '(tenant_id = ( SELECT (current_setting(''app.tenant_id''%' OR with_check IS DISTINCT FROM qual
              OR roles <> '{orders_app}' OR permissive <> 'PERMISSIVE')",
    ),
    (
        "no policy lets the application see all rows",
        "SELECT tablename || '.' || policyname FROM pg_policies WHERE 'orders_app' = ANY (roles) OR 'public' = ANY (roles)
         GROUP BY tablename, policyname, qual HAVING qual NOT LIKE '%app.tenant_id%'",
    ),
    (
        "every key starts with the tenant",
        "SELECT i.relname FROM tables JOIN pg_index x ON x.indrelid = tables.oid AND x.indisunique
         JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_attribute a ON a.attrelid = tables.oid AND a.attnum = x.indkey[0]
         WHERE a.attname <> 'tenant_id' AND i.relname <> 'dead_letters_pkey'",
    ),
    (
        "every foreign key starts with the tenant, on both sides",
        "SELECT c.conname::text FROM pg_constraint c
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]
         WHERE c.contype = 'f' AND (a.attname <> 'tenant_id' OR f.attname <> 'tenant_id')",
    ),
    (
        "the application deletes only timers and deferred messages, and truncates nothing",
        "SELECT relname || ' ' || privilege FROM tables, unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) AS privilege
         WHERE has_table_privilege('orders_app', oid, privilege)
         AND NOT (privilege = 'DELETE' AND relname IN ('timers', 'deferred_messages'))",
    ),
    (
        "no role of the service is above the policies, and the migrator owns the tables",
        "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'orders\\_%' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)
         UNION ALL SELECT relname FROM tables WHERE pg_get_userbyid(relowner) <> 'orders_migrator'",
    ),
];

/// Every table of the service.
const TABLES: &str = "WITH tables AS (
    SELECT oid, relname::text, relispartition, relrowsecurity, relforcerowsecurity, relowner FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> '_sqlx_migrations')";

#[tokio::test]
async fn every_table_is_closed() {
    let database = Database::migrated(&Servers::from_env()).await;
    assert!(database.sql().tables().await.len() >= 18, "the tables were not found");
    assert_eq!(gaps(&database.sql()).await, Vec::<String>::new());
}

/// The check above is worth something: it sees each way in which a table may be left open.
#[tokio::test]
async fn each_way_to_leave_a_table_open_is_noticed() {
    let database = Database::migrated(&Servers::from_env()).await;
    let sql = database.sql();
    for (opening, gap) in [
        ("DROP POLICY tenant ON ledger", "ledger lacks tenant"),
        ("DROP POLICY auditor ON timers", "timers lacks auditor"),
        ("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY", "forced: orders"),
        ("ALTER TABLE inbox DISABLE ROW LEVEL SECURITY", "forced: inbox"),
        ("ALTER POLICY tenant ON outbox WITH CHECK (true)", "for writing: outbox"),
        ("CREATE POLICY all_rows ON payments TO orders_app USING (true)", "payments.all_rows"),
        ("CREATE TABLE forgotten (id uuid PRIMARY KEY)", "forgotten lacks tenant"),
        ("ALTER TABLE orders ADD CONSTRAINT orders_id_key UNIQUE (id)", "orders_id_key"),
        ("GRANT DELETE ON orders TO orders_app", "orders DELETE"),
        ("GRANT SELECT ON outbox_default TO orders_app", "outbox_default: orders_app"),
        ("CREATE POLICY tenant ON outbox_default TO orders_app USING (true)", "outbox_default: tenant"),
        ("DROP POLICY owner ON outbox_default", "outbox_default lacks owner"),
        ("ALTER TABLE outbox_default NO FORCE ROW LEVEL SECURITY", "forced: outbox_default"),
    ] {
        let opened = format!("BEGIN; {opening}");
        let found = gaps_after(&sql, &opened).await;
        assert!(found.iter().any(|found| found.contains(gap)), "{opening}: {found:?}");
    }
}

#[tokio::test]
async fn without_a_tenant_every_table_is_an_error_and_with_another_it_is_empty() {
    let stack = Stack::start(Options::broker()).await;
    fill(&stack).await;
    let sql = stack.sql();
    let nobody = sql.as_role("orders_app");
    let stranger = sql.as_tenant("ten_0198f000000070008000000000000009");
    for table in sql.tables().await {
        assert!(sql.count(&table).await > 0, "{table} has no row: what is tested here would hold for any empty table");
        let query = format!("SELECT count(*) AS n FROM {table}");
        let problem = nobody.try_rows(&query).await.err().unwrap_or_else(|| panic!("{table} answers without a tenant")).to_string();
        assert!(problem.contains("app.tenant_id"), "{table}: {problem}");
        assert_eq!(stranger.count(&table).await, 0, "{table} shows a stranger its rows");
    }
}

#[tokio::test]
async fn a_stranger_changes_nothing() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    caller.place(&sample::order()).await;
    let stranger = stack.sql().as_tenant("ten_0198f000000070008000000000000009");
    assert_eq!(stranger.execute("UPDATE orders SET version = 99").await.unwrap(), 0);
    let own = raw_id(&caller.key.tenant_id);
    let forged = format!("INSERT INTO inbox VALUES ('{own}', 'on-payment-event', '/payments', 'm-1', now())");
    let problem = stranger.execute(&forged).await.unwrap_err().to_string();
    assert!(problem.contains("row-level security"), "{problem}");
    let problem = stack.sql().as_tenant(&caller.key.tenant_id).execute("DELETE FROM orders").await.unwrap_err().to_string();
    assert!(problem.contains("permission denied"), "{problem}");
}

/// A row in every table: a tenant, whose making is in the audit trail, an order that waits, news of one that is not there, a message that
/// nobody understands.
async fn fill(stack: &Stack) {
    let caller = stack.tenant_without_stock().await;
    let partner = stack.partner().await;
    let _commands = partner.listen_to_commands().await;
    let tenant = &caller.key.tenant_id;
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    let operation = caller.order(id).await["payments"][0]["operations"][0].clone();
    let captured = json!({
        "id": operation["id"], "kind": "capture", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": "p-1", "occurred_at": "2026-11-22T10:00:00Z"
    });
    partner.publish("payments.events", &Partner::event("/payments", "payment.captured.v1", tenant, id, &captured)).await;
    let absent = "ord_0198f000000070008000000000000001";
    let early = json!({ "reservation_id": format!("{absent}:1"), "order_id": absent });
    partner.publish("inventory.events", &Partner::event("/inventory", "inventory.reserved.v1", tenant, absent, &early)).await;
    partner.publish("inventory.events", &Partner::event("/inventory", "inventory.stolen.v1", tenant, absent, &json!({}))).await;
    caller.order_once(id, "status", "confirmed").await;
    caller.place(&sample::order()).await;
    for table in ["deferred_messages", "dead_letters", "fulfillment_lines"] {
        until(&format!("{table} has a row"), async || (stack.sql().count(table).await > 0).then_some(())).await;
    }
}

/// What breaks the rules, as `rule: what`.
async fn gaps(sql: &Sql) -> Vec<String> {
    gaps_after(sql, "BEGIN").await
}

/// The same after a change, which is rolled back.
async fn gaps_after(sql: &Sql, change: &str) -> Vec<String> {
    let mut connection = sql.pool().acquire().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(change.to_owned())).execute(&mut *connection).await.unwrap();
    let mut gaps = Vec::new();
    for (rule, query) in RULES {
        let query = format!("{TABLES} {query}");
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut *connection).await.unwrap();
        gaps.extend(found.into_iter().map(|what| format!("{rule}: {what}")));
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.unwrap();
    gaps
}
