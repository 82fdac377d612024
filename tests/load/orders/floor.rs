//! The floors: pgbench writing the same order with eight statements, or with the service's own one statement.

use std::{env, fs, process::Command};

use tests::{Key, Stack};
use url::Url;

use crate::measured::Row;

/// Eight statements and round trips, as a service is usually written.
const EIGHT_STATEMENTS: &str = include_str!("eight_statements.sql");
/// The statement that the service runs.
const ONE_STATEMENT: &str = include_str!("../../../shared/src/db/orders/order_create.sql");

/// What pgbench runs.
#[derive(Debug, Clone, Copy)]
pub enum Floor {
    /// BEGIN, tenant, five writes, COMMIT.
    EightStatements,
    /// `order_create.sql` with literals in the places of its parameters.
    OneStatement,
}

impl Floor {
    /// Runs pgbench with prepared statements.
    ///
    /// # Panics
    /// When pgbench is missing or fails.
    pub fn run(self, stack: &Stack, key: &Key, clients: usize, seconds: u64) -> Row {
        let tenant = uuid(&key.tenant_id);
        let script = match self {
            Self::EightStatements => EIGHT_STATEMENTS.replace("{tenant}", &tenant).replace("{r}", ":r::bigint"),
            Self::OneStatement => one_statement(&tenant),
        };
        let file = env::temp_dir().join(format!("order-service-floor-{}.sql", std::process::id()));
        fs::write(&file, script).unwrap();
        let url: Url = stack.database.service_url().parse().unwrap();
        let (clients, seconds) = (clients.to_string(), seconds.to_string());
        let output = Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &clients, "--time", &seconds, "--file"])
            .arg(&file)
            .args(["--host", url.host_str().unwrap(), "--port", &url.port().unwrap_or(5432).to_string(), "--username", "orders_app"])
            .arg(url.path().trim_start_matches('/'))
            .output()
            .expect("pgbench is missing: it comes with PostgreSQL's client programs");
        let _ = fs::remove_file(&file);
        let printed = String::from_utf8_lossy(&output.stdout);
        let rate = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pgbench failed: {complaint}");
        Row { per_second: rate.unwrap_or_else(|| panic!("pgbench prints no rate: {printed}{complaint}")), ..Row::default() }
    }
}

/// `ten_…` as PostgreSQL writes it.
fn uuid(id: &str) -> String {
    id.trim_start_matches("ten_").to_owned()
}

/// The statement with an expression in the place of each parameter, last first: `$9` is part of `$99`.
fn one_statement(tenant: &str) -> String {
    let statement = ONE_STATEMENT.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let filled = expressions(tenant)
        .iter()
        .enumerate()
        .rev()
        .fold(statement, |text, (index, expression)| text.replace(&format!("${}", index + 1), &format!("({expression})")));
    format!("\\set r random(1, 9000000000000000000)\n{};\n", filled.trim_end().replace("{r}", ":r::bigint"))
}

/// The 101 parameters of an order of three lines and one tender, as the service binds them.
fn expressions(tenant: &str) -> Vec<String> {
    const ORDER: &str = "lpad(to_hex({r}), 32, '0')::uuid";
    const PAYMENT: &str = "lpad(to_hex({r}), 32, '1')::uuid";
    const OPERATION: &str = "lpad(to_hex({r}), 32, '3')::uuid";
    let none = |kind: &str| format!("ARRAY[]::{kind}[]");
    let null = |kind: &str| format!("ARRAY[NULL]::{kind}[]");
    let bytes = |length: usize| format!("decode(repeat('ab', {length}), 'hex')");
    let three = |expression: &str| format!("ARRAY[{expression}, {expression}, {expression}]");
    let now = "clock_timestamp()".to_owned();
    let text = str::to_owned;
    let mut all = vec![format!("'{tenant}'::uuid"), text(ORDER)];
    all.extend(
        ["ARRAY[1::bigint]", "ARRAY['created']", "ARRAY[NULL]::text[]", "ARRAY['pending']", "ARRAY[NULL]::text[]", "'key'"].map(text),
    );
    all.extend([text("{r}::text"), now.clone()]);
    let transaction = "lpad(to_hex({r}), 32, '2')::uuid";
    all.push(format!("ARRAY[{transaction}, {transaction}]"));
    all.extend(
        ["ARRAY['receivable', 'sales']", "ARRAY[9990::bigint, -9990]", "ARRAY['placed', 'placed']", "ARRAY[NULL, NULL]::uuid[]"].map(text),
    );
    all.push(three("gen_random_uuid()"));
    all.extend(["ARRAY['orders.events', 'orders.commands', 'orders.commands']", "ARRAY['a', 'b', 'c']"].map(text));
    all.push(format!("ARRAY[{}, {}, {}]", bytes(1400), bytes(800), bytes(600)));
    all.push(text("({r} % 16)::smallint"));
    all.extend([format!("ARRAY[{OPERATION}]"), format!("ARRAY[{PAYMENT}]")]);
    all.extend(["ARRAY['capture']", "ARRAY['requested']", "ARRAY[9990::bigint]"].map(text));
    all.extend([null("bigint"), null("text"), null("text"), null("text"), null("text")]);
    all.extend(["ARRAY[false]", "ARRAY[false]", "ARRAY[clock_timestamp()]"].map(text));
    all.extend([null("timestamptz"), null("timestamptz"), null("text")]);
    all.extend(["ARRAY[0::bigint]", "ARRAY[false]"].map(text));
    all.push(null("timestamptz"));
    all.extend(["uuid", "text", "text", "text", "text", "timestamptz", "boolean", "uuid", "uuid", "bigint"].map(none));
    all.push(text("ARRAY['payment_deadline', 'payment_reconcile']"));
    all.push(format!("ARRAY[{ORDER}, {OPERATION}]"));
    all.extend(["ARRAY[clock_timestamp(), clock_timestamp()]", "ARRAY[0, 0]"].map(text));
    all.extend(["1", "1", "'pending'", "'pending'", "'unfulfilled'", "'none'", "'requested'", "1"].map(text));
    all.extend([text("'{\"receivable\": 9990, \"sales\": -9990}'"), now, text("false")]);
    all.extend([text("'create-order'"), text("{r}::text"), bytes(32), bytes(1600)]);
    all.extend(["{r}", "'ref-' || {r}", "{r}::text"].map(text));
    all.extend([bytes(32), text("'EUR'"), text("'cus_77'")]);
    all.extend(["990", "0", "0", "9990", "'[]'", "'{\"channel\": \"web\"}'", "'kim@example.com'"].map(text));
    all.extend(["'{\"reference\": \"cus_77\", \"email\": \"kim@example.com\", \"name\": \"Kim Lee\"}'"].map(text));
    all.extend(
        ["'{\"name\": \"Kim Lee\", \"line1\": \"Main St 1\", \"postal_code\": \"1010\", \"city\": \"Wien\", \"country\": \"AT\"}'", "NULL"]
            .map(text),
    );
    all.push(three("gen_random_uuid()"));
    all.extend(["ARRAY['TEA-1', 'TEA-2', 'TEA-3']", "ARRAY['Green tea', 'Green tea', 'Green tea']"].map(text));
    all.extend([three("1250::bigint"), three("0::bigint"), three("500::bigint"), three("true"), three("'{}'")]);
    all.extend([three("2::bigint"), three("0::bigint"), three("0::bigint")]);
    all.extend([
        format!("ARRAY[{PAYMENT}]"),
        text("ARRAY[0]"),
        text("ARRAY['card']"),
        text("ARRAY['automatic']"),
        text("ARRAY[9990::bigint]"),
    ]);
    all.push(format!("ARRAY[{}]", bytes(80)));
    all
}
