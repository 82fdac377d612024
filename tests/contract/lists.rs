//! Lists that are written down more than once, in Rust, as a CHECK of the schema and in the published contract, say the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::{
    domain::{
        dead_letter::{DeadClass, DeadLetterGrouping, DeadLetterRefusal, DeadLetterState},
        deferral::DeferredClass,
        fulfilment::FulfillmentStage,
        messages::MessageType,
        order::{
            actions::{Action, Obstacle},
            draft::TimerKind,
            hold::Blocked,
            resolve::Finding,
            status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus, StockStatus},
        },
        payments::{
            Capture, OperationKind, OperationState,
            ledger::{Account, Fact},
            news_type::PaymentNewsType,
            operation::Attention,
            report::ReportedStatus,
        },
        permissions::Permission,
        tenant::TenantStatus,
    },
    http::{Code, bulk::ExportFormat},
};
use tests::{Database, Servers, Sql, contract::DOCUMENT};

/// Lists by their names: those of the enumerations, or those that were found elsewhere.
type Lists = BTreeMap<String, BTreeSet<String>>;

/// The texts of enumerations, each under the name that its list has elsewhere.
macro_rules! lists {
    ($($name:literal: $enumeration:ident,)*) => {
        Lists::from([$(($name.to_owned(), $enumeration::ALL.iter().map(|value| value.as_str().to_owned()).collect()),)*])
    };
}

/// Every list of the schema, by its constraint.
fn stored() -> Lists {
    lists! {
        "dead_letters_class_known": DeadClass,
        "dead_letters_state_known": DeadLetterState,
        "deferred_messages_class_known": DeferredClass,
        "tenants_status_known": TenantStatus,
        "orders_status_known": OrderStatus,
        "orders_payment_status_known": PaymentStatus,
        "orders_fulfillment_status_known": FulfillmentStatus,
        "orders_return_status_known": ReturnStatus,
        "orders_stock_status_known": StockStatus,
        "payments_capture_known": Capture,
        "payment_operations_kind_known": OperationKind,
        "payment_operations_state_known": OperationState,
        "payment_operations_attention_known": Attention,
        "ledger_account_known": Account,
        "fulfillments_status_known": FulfillmentStage,
        "timers_kind_known": TimerKind,
    }
}

/// Every list of the contract, by the name of its schema.
fn published() -> Lists {
    lists! {
        "Account": Account,
        "Action": Action,
        "Attention": Attention,
        "Blocked": Blocked,
        "Capture": Capture,
        "DeadClass": DeadClass,
        "DeadLetterGrouping": DeadLetterGrouping,
        "DeadLetterRefusal": DeadLetterRefusal,
        "DeadLetterState": DeadLetterState,
        "ExportFormat": ExportFormat,
        "Fact": Fact,
        "Finding": Finding,
        "FulfillmentStage": FulfillmentStage,
        "FulfillmentStatus": FulfillmentStatus,
        "Obstacle": Obstacle,
        "OperationKind": OperationKind,
        "OperationState": OperationState,
        "OrderStatus": OrderStatus,
        "MessageType": MessageType,
        "PaymentStatus": PaymentStatus,
        "PaymentNewsType": PaymentNewsType,
        "Permission": Permission,
        "ProblemCode": Code,
        "ReportedStatus": ReportedStatus,
        "ReturnStatus": ReturnStatus,
        "TenantStatus": TenantStatus,
    }
}

#[tokio::test]
async fn every_list_of_the_schema_is_its_enumerations() {
    let database = Database::migrated(&Servers::from_env()).await;
    assert_eq!(differences(&stored(), &constraints(&database.sql()).await), Vec::<String>::new());
}

#[test]
fn every_list_of_the_contract_is_its_enumerations() {
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap().iter();
    let lists = schemas.filter_map(|(name, schema)| Some((name.clone(), schema["enum"].as_array()?)));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found = lists.map(|(name, values)| (name, values.iter().map(text).collect())).collect();
    assert_eq!(differences(&published(), &found), Vec::<String>::new());
}

#[tokio::test]
async fn a_constraint_that_forgets_a_status_is_named() {
    let database = Database::migrated(&Servers::from_env()).await;
    let forgetful = "ALTER TABLE fulfillments DROP CONSTRAINT fulfillments_status_known;
        ALTER TABLE fulfillments ADD CONSTRAINT fulfillments_status_known
            CHECK (status IN ('requested', 'accepted', 'packed', 'shipped', 'delivered', 'cancelled'))";
    database.sql().execute(forgetful).await.unwrap();
    let found = constraints(&database.sql()).await;
    assert_eq!(differences(&stored(), &found), ["fulfillments_status_known lacks delivery_failed"]);
}

#[test]
fn whatever_two_lists_disagree_on_is_named() {
    let list = |name: &str, texts: &[&str]| (name.to_owned(), texts.iter().map(|text| (*text).to_owned()).collect());
    let expected = Lists::from([list("same", &["a"]), list("other", &["a", "b"]), list("gone", &["a"])]);
    let found = Lists::from([list("same", &["a"]), list("other", &["a", "c"]), list("new", &["a"])]);
    let told =
        ["gone was not found", "other lacks b", "other has c, which its enumeration has not", "new has no enumeration: name it here"];
    assert_eq!(differences(&expected, &found), told);
}

/// The lists that constraints of the schema hold.
async fn constraints(sql: &Sql) -> Lists {
    let lists = "SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE contype = 'c' AND conname LIKE '%_known'";
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let texts = |definition: &Value| text(definition).split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    sql.rows(lists).await.iter().map(|row| (text(&row["conname"]), texts(&row["definition"]))).collect()
}

/// What the lists that were found say otherwise than the enumerations, a sentence each.
fn differences(expected: &Lists, found: &Lists) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, texts) in expected {
        let Some(found) = found.get(name) else {
            differences.push(format!("{name} was not found"));
            continue;
        };
        differences.extend(texts.difference(found).map(|text| format!("{name} lacks {text}")));
        differences.extend(found.difference(texts).map(|text| format!("{name} has {text}, which its enumeration has not")));
    }
    let unknown = found.keys().filter(|name| !expected.contains_key(*name));
    differences.extend(unknown.map(|name| format!("{name} has no enumeration: name it here")));
    differences
}
