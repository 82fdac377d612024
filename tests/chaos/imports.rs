//! A large file, imported in calls while the service dies under them, and exported again.

use std::{collections::BTreeMap, time::Instant};

use serde_json::{Value, json};
use tests::{Caller, Options, Process, Stack, sample, until};
use tokio::io::AsyncReadExt as _;

use crate::setting;

const IMPORT: &str = "/v1/orders/import";
/// Orders of the file, unless `IMPORT_ORDERS` says otherwise, and lines of one call.
const ORDERS: usize = 4_000;
const CALL_LINES: usize = 2_000;
/// Of the first calls so many are killed in the middle.
const KILLS: usize = 2;
/// How often a call is sent for its answer.
const ATTEMPTS_MAX: usize = 10;
/// By how much the largest memory that the process ever had may grow after its first whole call: nothing that grows with the orders.
const GROWTH_MAX_KIB: u64 = 8 * 1024;

/// The line of a number; each differs in what it costs.
fn line(number: usize) -> Value {
    let (quantity, unit_price) = (number % 7 + 1, 100 + number % 90);
    sample::with(|order| {
        order["external_reference"] = format!("old-{number}").into();
        order["lines"] = json!([{ "sku": format!("TEA-{number}"), "name": "Green tea", "quantity": quantity, "unit_price": unit_price }]);
        order["expected_total"] = (quantity * unit_price + 490).into();
        order["payments"] = json!([]);
        order["metadata"] = json!({ "row": number });
    })
}

/// Ids by references, as far as the service has acknowledged them.
type Acknowledged = BTreeMap<String, String>;

fn note(acknowledged: &mut Acknowledged, lines: &[Value], result: &Value) {
    let Some(id) = result["id"].as_str() else { panic!("a good line was refused: {result}") };
    let line = &lines[usize::try_from(result["line"].as_u64().unwrap()).unwrap() - 1];
    let first = acknowledged.entry(line["external_reference"].as_str().unwrap().to_owned()).or_insert_with(|| id.to_owned());
    assert_eq!(first, id, "an acknowledged line came to another order");
}

/// Sends a call and kills the service in the middle of it; what it had said until then.
async fn killed_in_the_middle(stack: &mut Stack, caller: &Caller, lines: &[Value]) -> Vec<Value> {
    let before = stack.sql().count("orders").await;
    let mut connection = caller.post(IMPORT).lines(lines).send_unheard().await;
    let middle = before + i64::try_from(lines.len() / 3).unwrap();
    until("the call is in its middle", || async { (stack.sql().count("orders").await > middle).then_some(()) }).await;
    stack.service.kill();
    let mut said = Vec::new();
    while let Ok(1..) = connection.read_buf(&mut said).await {}
    assert!(!said.ends_with(b"0\r\n\r\n"), "a call that was killed has no end");
    let said = String::from_utf8(said).unwrap();
    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter(|line| line.starts_with("{\"line\"")).filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Sends a call until there is an answer to every line. On a busy machine the test's client may lose its patience before; then the next
/// attempt finds what was placed.
async fn imported(caller: &Caller, lines: &[Value]) -> Vec<Value> {
    for _ in 0..ATTEMPTS_MAX {
        if let Ok(answer) = caller.post(IMPORT).lines(lines).try_send().await {
            return answer.expect(200).lines();
        }
    }
    panic!("no answer to {} lines in {ATTEMPTS_MAX} attempts", lines.len())
}

/// The largest resident memory that a process ever had.
fn peak_kib(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_and_sent_again_places_each_order_once_in_memory_that_does_not_grow() {
    let orders = setting("IMPORT_ORDERS").map_or(ORDERS, |orders| orders.try_into().unwrap());
    let mut stack = Stack::start(Options::http()).await;
    let mut caller = stack.tenant().await;
    let file: Vec<Value> = (0..orders).map(line).collect();
    let (mut acknowledged, mut first_peak_kib) = (Acknowledged::new(), None);
    for (index, lines) in file.chunks(CALL_LINES).enumerate() {
        if index < KILLS {
            for result in killed_in_the_middle(&mut stack, &caller, lines).await {
                note(&mut acknowledged, lines, &result);
            }
            stack.restart().await;
            caller = stack.caller(caller.key.clone());
            first_peak_kib = None;
        }
        let began = Instant::now();
        let results = imported(&caller, lines).await;
        assert_eq!(results.len(), lines.len());
        results.iter().for_each(|result| note(&mut acknowledged, lines, result));
        let peak_kib = peak_kib(&stack.service);
        first_peak_kib = first_peak_kib.or(Some(peak_kib));
        println!("{} orders, {:.1} s for this call, at most {peak_kib} KiB", acknowledged.len(), began.elapsed().as_secs_f64());
    }
    assert_eq!((acknowledged.len(), stack.sql().count("orders").await), (orders, i64::try_from(orders).unwrap()));

    exported_as_imported(&caller, &file, &acknowledged).await;
    let grown = peak_kib(&stack.service).saturating_sub(first_peak_kib.unwrap());
    assert!(grown <= GROWTH_MAX_KIB, "after its first call the process grew by {grown} KiB");
    stack.sql().assert_books_are_right().await;
}

/// What comes out is what went in, line by line.
async fn exported_as_imported(caller: &Caller, file: &[Value], acknowledged: &Acknowledged) {
    let began = Instant::now();
    let mut exported = caller.get("/v1/orders/export").send().await.expect(200).lines();
    println!("{} orders exported in {:.1} s", exported.len() - 1, began.elapsed().as_secs_f64());
    assert_eq!(exported.pop().unwrap()["end"]["orders"], file.len());
    let by_reference = |order: &Value| (order["external_reference"].as_str().unwrap().to_owned(), order.clone());
    let exported: BTreeMap<String, Value> = exported.iter().map(by_reference).collect();
    assert_eq!(exported.len(), file.len());
    for line in file {
        let reference = line["external_reference"].as_str().unwrap();
        let order = &exported[reference];
        assert_eq!(order["id"], acknowledged[reference], "{reference}");
        for member in ["currency", "customer", "shipping_address", "metadata"] {
            assert_eq!(order[member], line[member], "{member} of {reference}");
        }
        assert_eq!(order["totals"]["total"], line["expected_total"], "{reference}");
        for member in ["sku", "name", "quantity", "unit_price"] {
            assert_eq!(order["lines"][0][member], line["lines"][0][member], "{member} of {reference}");
        }
    }
}
