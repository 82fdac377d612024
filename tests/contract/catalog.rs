//! The folders, the catalog, the binary that hosts everything and the routes of the emulator name the same functions.

use std::collections::BTreeSet;

use shared::{
    catalog::{self, CONSUMERS, HTTP, JOBS},
    domain::{messages::MessageType, payments::news_type::PaymentNewsType},
    function::Route,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn standalone_hosts_every_function() {
    let hosted: BTreeSet<_> = standalone::functions::all().names().collect();
    assert_eq!(hosted, all());
}

#[test]
fn every_folder_is_a_function() {
    for (kind, names) in [
        ("http", HTTP.iter().map(|spec| spec.name).collect::<BTreeSet<_>>()),
        ("consumers", CONSUMERS.iter().map(|spec| spec.name).collect()),
        ("jobs", JOBS.iter().map(|spec| spec.name).collect()),
    ] {
        let folders = std::fs::read_dir(format!("{ROOT}/functions/{kind}")).unwrap();
        let folders: BTreeSet<_> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(folders, names.into_iter().map(str::to_owned).collect(), "functions/{kind}");
    }
}

#[test]
fn the_emulator_routes_every_endpoint() {
    let text = std::fs::read_to_string(format!("{ROOT}/CargoLambda.toml")).unwrap();
    for spec in HTTP {
        for Route { method, path } in spec.routes {
            let line = text.lines().find(|line| line.starts_with(&format!("\"{path}\" = ")));
            let line = line.unwrap_or_else(|| panic!("CargoLambda.toml has no route {path}"));
            let route = format!("{{ method = \"{method}\", function = \"{}\" }}", spec.name);
            assert!(line.contains(&route), "{route} is not in {line}");
        }
    }
    let routes: usize = HTTP.iter().map(|spec| spec.routes.len()).sum();
    let gets = HTTP.iter().flat_map(|spec| spec.routes).filter(|route| route.method == "GET").count();
    let heads = text.matches("method = \"HEAD\"").count();
    assert_eq!(heads, gets, "whoever answers GET answers HEAD");
    assert_eq!(text.matches("function = ").count(), routes + heads, "a route without a function");
}

#[test]
fn every_function_has_a_black_box_test() {
    // Consumers and the relay are tested as what every one of them does and as the life of an order.
    let shared = ["on-inventory-event", "on-payment-event", "on-shipment-event", "send-payment-operation"];
    for name in all().into_iter().filter(|name| !shared.contains(name)) {
        let stem = name.replace('-', "_");
        let file = format!("{ROOT}/tests/it/{stem}");
        let exists = [format!("{file}.rs"), format!("{file}/mod.rs")].iter().any(|path| std::path::Path::new(path).is_file());
        assert!(exists, "{name} has no tests/it/{stem}.rs");
    }
}

#[test]
fn consumers_listen_to_declared_exchanges_and_have_queues_of_their_own() {
    let queues: BTreeSet<_> = CONSUMERS.iter().map(|spec| spec.queue).collect();
    assert_eq!(queues.len(), CONSUMERS.len());
    for spec in CONSUMERS {
        assert!(spec.queue.starts_with("order-service."), "{}", spec.queue);
        for r#type in spec.types {
            let bound = spec.bindings.iter().flat_map(|binding| binding.routing_keys).any(|key| covers(key, r#type));
            assert!(bound, "{} understands {} and binds no key for it", spec.name, r#type);
        }
    }
}

/// An event of a type that it does not know would be a dead letter, each time.
#[test]
fn whoever_looks_on_knows_every_event() {
    let events: BTreeSet<_> = MessageType::ALL.iter().filter(|kind| kind.is_event()).map(|kind| kind.as_str()).collect();
    let known: BTreeSet<_> = catalog::ON_ORDER_EVENT.types.iter().copied().collect();
    assert_eq!(known, events, "functions/consumers/on-order-event/Cargo.toml has to name every event that we publish");
}

#[test]
fn webhooks_tell_of_what_events_tell_of() {
    let pushed: BTreeSet<_> = PaymentNewsType::ALL.iter().map(|news| format!("{news}.v1")).collect();
    let taken: BTreeSet<_> = catalog::ON_PAYMENT_EVENT.types.iter().map(ToString::to_string).collect();
    assert_eq!(pushed, taken, "on the left the types of domain/payments/news_type.rs, on the right those of on-payment-event's manifest");
}

/// Whether a binding key takes a type: `payment.#` or the type without its version.
fn covers(key: &str, r#type: &str) -> bool {
    let name = r#type.rsplit_once(".v").map_or(r#type, |(name, _)| name);
    key.strip_suffix('#').map_or(name == key, |prefix| name.starts_with(prefix))
}

fn all() -> BTreeSet<&'static str> {
    let http = HTTP.iter().map(|spec| spec.name);
    http.chain(CONSUMERS.iter().map(|spec| spec.name)).chain(JOBS.iter().map(|spec| spec.name)).collect()
}
