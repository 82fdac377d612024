//! Callers that hang up. With sqlx 0.9.0's own transactions one such storm left connections inside open transactions, and later
//! acknowledged writes were rolled back with them (transact-rs/sqlx #4393).

use futures_util::future::join_all;
use tests::{Caller, Options, Stack, sample, until};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Callers that hang up at once; several times the pool of the service.
const HANG_UPS: u64 = 300;
/// Orders placed afterwards, all of which must be durable.
const ORDERS: usize = 200;

/// Sends a signed request and hangs up in the middle of its answer, at another point each time.
async fn hang_up(caller: Caller, address: String, after_us: u64) {
    // Reads open a transaction each; creating an order is one statement without one, but for every fiftieth number.
    let request = match after_us % 3 {
        0 => caller.post("/v1/orders").new_key().json(&sample::order()),
        _ => caller.get("/v1/orders?limit=1"),
    };
    let (method, path, headers, body) = request.into_parts();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in &headers {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(&[request.as_bytes(), b"\r\n", &body].concat()).await.unwrap();
    // The one wait that is no wait for a condition: the hang-up has to fall somewhere into the work of the service.
    tokio::time::sleep(std::time::Duration::from_micros(after_us)).await;
    // A reset, not an orderly close: the service learns of it at once.
    stream.set_zero_linger().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_hang_ups_leaves_no_open_transaction_and_loses_no_later_order() {
    let stack = Stack::start(Options::http().pool_size(4)).await;
    let caller = stack.tenant().await;
    let address = stack.url().trim_start_matches("http://").to_owned();
    join_all((0..HANG_UPS).map(|number| hang_up(caller.clone(), address.clone(), number * 37))).await;

    let open = "pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    until("no connection is inside a transaction", || async { (stack.sql().count(open).await == 0).then_some(()) }).await;

    let mut placed = Vec::new();
    for _ in 0..ORDERS / 8 {
        placed.extend(join_all((0..8).map(|_| async { caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned() })).await);
    }
    for id in &placed {
        caller.get(&format!("/v1/orders/{id}")).send().await.expect(200);
    }
    assert!(stack.sql().count("orders").await >= i64::try_from(placed.len()).unwrap());
    stack.sql().assert_books_are_right().await;
}
