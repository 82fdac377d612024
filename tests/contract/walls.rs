//! The second wall alone: each reading statement of the service, told the right tenant in its parameters while its session works for
//! another. It names the owner, so only row-level security keeps the rows from it.

use serde_json::Value;
use tests::{Caller, Sql, Stack, raw_id, sample, until};

use super::{routes, statements};

/// Statements that read no tenant's rows, or belong to the relay, the auditor or the owner, who see those of all.
const NEUTRAL: [&str; 12] = [
    "order_backlog",
    "order_holding_stock",
    "order_list_plan",
    "outbox_add_weeks",
    "outbox_after_watermark",
    "outbox_drop_week",
    "outbox_lock_shards",
    "outbox_notify",
    "outbox_old_weeks",
    "outbox_unpublished",
    "ping",
    "tenant_act_for",
];

/// The parameters of a reading statement, as SQL, for one order of the owner.
fn arguments(statement: &str, owner: &Owner) -> Vec<String> {
    let (tenant, order) = (&owner.tenant, &owner.order);
    let text = |text: &str| format!("'{text}'");
    match statement {
        "api_key_find" => vec![owner.key.clone()],
        "api_key_list_page" => vec![tenant.clone(), "NULL".to_owned(), "10".to_owned()],
        "api_key_lock" => vec![tenant.clone(), owner.key.clone()],
        "dead_letter_find" => vec![format!("ARRAY[{}]", owner.letter), "NULL".to_owned()],
        "dead_letter_find_open" | "dead_letter_list_page" | "dead_letter_list_causes" => {
            [vec![tenant.clone(), text("open")], vec!["NULL".to_owned(); 7], vec!["10".to_owned()]].concat()
        }
        "dead_letter_read" => vec![format!("ARRAY[{}]", owner.letter), tenant.clone(), "1000".to_owned()],
        "idempotency_record_find" => vec![tenant.clone(), text("create-order"), text("k-1")],
        "order_exists" | "order_ledger" | "order_lock" => vec![tenant.clone(), order.clone()],
        "order_load" => vec![tenant.clone(), format!("ARRAY[{order}]")],
        "order_find_by_create_key" => vec![tenant.clone(), text("k-1")],
        "order_find_by_create_keys" => vec![tenant.clone(), "ARRAY['k-1']".to_owned()],
        "order_find_by_external_reference" => vec![tenant.clone(), text("cart-1842")],
        "order_history_list" => vec![tenant.clone(), order.clone(), "0".to_owned(), "10".to_owned()],
        "order_list_page" | "order_list_page_by_email" => {
            let ids = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"].map(uuid);
            let walked = if statement == "order_list_page" { ["", ""].map(text).to_vec() } else { vec![text("kim@example.com")] };
            [vec![tenant.clone()], vec!["NULL".to_owned(); 7], ids.to_vec(), vec!["10".to_owned()], walked].concat()
        }
        "order_export_page" => {
            let ids = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"].map(uuid);
            [vec![tenant.clone()], vec!["NULL".to_owned(); 8], ids.to_vec(), vec!["10".to_owned()]].concat()
        }
        "outbox_event_at" => vec![tenant.clone(), text(&owner.event.0), owner.event.1.clone(), "'epoch'".to_owned()],
        "outbox_event_last" => vec![tenant.clone()],
        "outbox_events_after" => vec![tenant.clone(), text("0"), "0".to_owned(), "NULL".to_owned(), "10".to_owned()],
        "payment_operation_find" => vec![tenant.clone(), owner.operation.clone()],
        "order_find_by_payment" => vec![tenant.clone(), owner.payment.clone()],
        "payment_operation_find_unsettled" => vec![owner.operation.clone(), "NULL".to_owned()],
        "payment_operation_list" => vec![tenant.clone(), format!("ARRAY[{}]", owner.operation)],
        "payment_operation_list_unsettled" => ["NULL", "NULL", "NULL", "10"].map(str::to_owned).to_vec(),
        "payment_token_find" => vec![tenant.clone(), owner.payment.clone()],
        "tenant_list" => vec![tenant.clone(), "NULL".to_owned(), "10".to_owned()],
        "tenant_exists" | "tenant_find" | "tenant_lock" => vec![tenant.clone()],
        new => panic!("{new} reads rows: say here for which parameters it finds some, or that it reads no tenant's"),
    }
}

/// A dead letter of the owner's.
const LETTER: &str = "0198f000-0000-7000-8000-000000000001";

/// What is there to be found, as SQL.
struct Owner {
    tenant: String,
    key: String,
    order: String,
    payment: String,
    operation: String,
    letter: String,
    /// The position of an event: transaction and number.
    event: (String, String),
}

impl Owner {
    async fn with_an_order(caller: &Caller, sql: &Sql) -> Self {
        let order = sample::with(|order| order["external_reference"] = "cart-1842".into());
        let placed = caller.post("/v1/orders").key("k-1").json(&order).send().await.expect(201).json();
        let payments = caller.order(placed["id"].as_str().unwrap()).await["payments"].clone();
        Self {
            tenant: uuid(raw_id(&caller.key.tenant_id)),
            key: uuid(caller.key.key_id.rsplit_once('_').unwrap().1),
            order: uuid(raw_id(placed["id"].as_str().unwrap())),
            payment: uuid(raw_id(payments[0]["id"].as_str().unwrap())),
            operation: uuid(raw_id(payments[0]["operations"][0]["id"].as_str().unwrap())),
            letter: uuid(LETTER),
            event: position(sql).await,
        }
    }
}

fn uuid(text: &str) -> String {
    format!("'{text}'::uuid")
}

/// Where the first event stands, as soon as it can be told: other tests have open transactions.
async fn position(sql: &Sql) -> (String, String) {
    let query = "SELECT tx::text, seq::text FROM outbox WHERE exchange = 'orders.events' AND tx < pg_snapshot_xmin(pg_current_snapshot())";
    let event = until("the event can be told", async || sql.rows(query).await.pop()).await;
    (event["tx"].as_str().unwrap().to_owned(), event["seq"].as_str().unwrap().to_owned())
}

/// Reading statements that find something for these arguments.
async fn answered(session: &Sql, owner: &Owner) -> Vec<String> {
    let mut answered = Vec::new();
    for (name, text) in reading() {
        let arguments = arguments(&name, owner);
        // The highest number first: `$1` is also the beginning of `$10`.
        let fill = |text: String, (index, argument): (usize, &String)| text.replace(&format!("${}", index + 1), argument);
        let query = arguments.iter().enumerate().rev().fold(text, fill);
        if session.rows(&query).await.iter().any(says_something) {
            answered.push(name);
        }
    }
    answered
}

/// A row says something unless all it says is no.
fn says_something(row: &Value) -> bool {
    row.as_object().is_none_or(|columns| columns.values().any(|value| *value != Value::Bool(false)))
}

/// Every statement that reads tenants' rows and changes none.
fn reading() -> Vec<(String, String)> {
    let is_reading = |text: &str| text.lines().find(|line| !line.starts_with("--")).is_some_and(|line| line.starts_with("SELECT"));
    let all = statements::statements().into_iter();
    all.filter(|(name, text)| is_reading(text) && !NEUTRAL.contains(&&**name)).map(|(name, text)| (name, without_comments(&text))).collect()
}

/// Numbers of parameters stand in comments too.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n")
}

async fn start() -> (Stack, Caller, Owner) {
    let stack = routes::start().await;
    let caller = stack.tenant().await;
    let owner = Owner::with_an_order(&caller, &stack.sql()).await;
    // Something for a person to settle.
    stack.sql().execute("UPDATE payment_operations SET state = 'unknown'").await.unwrap();
    let letter = format!(
        "INSERT INTO dead_letters (id, tenant_id, consumer, reason_class, reason, preview, body_sealed, created_at)
         VALUES ('{LETTER}', {}, 'on-payment-event', 'poison', 'impossible', '{{}}', '', now())",
        owner.tenant
    );
    stack.sql().execute(&letter).await.unwrap();
    (stack, caller, owner)
}

#[tokio::test]
async fn a_statement_that_names_another_tenant_finds_nothing() {
    let (stack, caller, owner) = start().await;
    let stranger = stack.tenant().await;
    let all: Vec<_> = reading().into_iter().map(|(name, _)| name).collect();
    assert_eq!(answered(&stack.sql().as_tenant(&caller.key.tenant_id), &owner).await, all, "the owner finds everything");
    assert_eq!(answered(&stack.sql().as_tenant(&stranger.key.tenant_id), &owner).await, Vec::<String>::new());
}

/// The test above is worth something: without the policies of a table it sees what the table's statements then show a stranger.
#[tokio::test]
async fn a_table_without_row_level_security_is_noticed() {
    let (stack, _, owner) = start().await;
    let stranger = stack.tenant().await;
    let sql = stack.sql();
    for (table, shown) in [
        ("orders", "order_exists"),
        ("orders", "order_find_by_create_key"),
        ("orders", "order_find_by_create_keys"),
        ("orders", "order_list_page"),
        ("orders", "order_export_page"),
        ("order_history", "order_history_list"),
        ("payments", "payment_token_find"),
        ("idempotency_records", "idempotency_record_find"),
        ("tenants", "tenant_exists"),
        ("tenants", "tenant_find"),
        ("api_keys", "api_key_list_page"),
    ] {
        sql.execute(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")).await.unwrap();
        let found = answered(&sql.as_tenant(&stranger.key.tenant_id), &owner).await;
        assert!(found.iter().any(|name| name == shown), "{table} is open, and {shown} was not noticed: {found:?}");
        sql.execute(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")).await.unwrap();
    }
}

/// The same for asking a table as nobody and as a stranger, which `isolation` does for every table there is.
#[tokio::test]
async fn every_table_shows_itself_to_a_stranger_once_its_policy_is_off() {
    let (stack, _, _) = start().await;
    let sql = stack.sql();
    let stranger = sql.as_tenant("ten_0198f000000070008000000000000009");
    for table in sql.tables().await {
        if sql.count(&table).await == 0 {
            continue;
        }
        sql.execute(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")).await.unwrap();
        assert!(stranger.count(&table).await > 0, "{table} is open and looks shut");
        let shut = "ENABLE ROW LEVEL SECURITY; DROP POLICY tenant ON {table}; DROP POLICY IF EXISTS operator ON {table}";
        sql.execute(&format!("ALTER TABLE {{table}} {shut}").replace("{table}", &table)).await.unwrap();
        // Shut for everybody: asking without a tenant is no error any more, and that is what `isolation` looks for.
        assert!(sql.as_role("orders_app").try_rows(&format!("SELECT 1 AS one FROM {table}")).await.is_ok(), "{table}");
    }
}
