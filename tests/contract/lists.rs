//! Lists that are written down twice, in Rust and as a CHECK of the schema, say the same.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::{
    deferral::DeferredClass,
    fulfilment::FulfillmentStage,
    order::{
        draft::TimerKind,
        status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus, StockStatus},
    },
    payments::{Capture, OperationKind, OperationState, ledger::Account},
    tenant::TenantStatus,
};
use tests::{Database, Servers};

/// The texts of an enumeration.
macro_rules! texts {
    ($name:ident) => {
        $name::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>()
    };
}

#[tokio::test]
async fn every_list_of_the_schema_is_the_enumerations_own() {
    let database = Database::migrated(&Servers::from_env()).await;
    let expected: BTreeMap<&str, Vec<&str>> = BTreeMap::from([
        ("deferred_messages_class_known", texts!(DeferredClass)),
        ("tenants_status_known", texts!(TenantStatus)),
        ("orders_status_known", texts!(OrderStatus)),
        ("orders_payment_status_known", texts!(PaymentStatus)),
        ("orders_fulfillment_status_known", texts!(FulfillmentStatus)),
        ("orders_return_status_known", texts!(ReturnStatus)),
        ("orders_stock_status_known", texts!(StockStatus)),
        ("payments_capture_known", texts!(Capture)),
        ("payment_operations_kind_known", texts!(OperationKind)),
        ("payment_operations_state_known", texts!(OperationState)),
        ("ledger_account_known", texts!(Account)),
        ("fulfillments_status_known", texts!(FulfillmentStage)),
        ("timers_kind_known", texts!(TimerKind)),
    ]);
    let lists = "SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE contype = 'c' AND conname LIKE '%_known'";
    let mut found = BTreeSet::new();
    for row in database.sql().rows(lists).await {
        let name = row["conname"].as_str().unwrap();
        let texts: BTreeSet<_> = row["definition"].as_str().unwrap().split('\'').skip(1).step_by(2).collect();
        let expected = expected.get(name).unwrap_or_else(|| panic!("{name} is a new list: name its enumeration here"));
        assert_eq!(texts, expected.iter().copied().collect(), "{name}");
        found.insert(name.to_owned());
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
}
