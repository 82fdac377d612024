//! Creating and reading orders over HTTP, beside pgbench on the same server and nginx with a file.

mod floor;
mod start_up;
mod static_file;
mod table;

use std::{sync::LazyLock, time::Duration};

use serde_json::{Map, Value};
use tests::{Options, Stack, sample};

use self::{
    floor::Floor,
    static_file::StaticFile,
    table::{Table, What},
};
use crate::{
    Arguments,
    client::{Load, Traffic},
    measured,
};

/// The process's name in /proc.
const SERVICE: &str = "standalone";

/// Rates are counted for every request, and nobody is held up by them.
static UNLIMITED: LazyLock<Value> = LazyLock::new(|| {
    let members = ["reads_per_second", "reads_per_second_per_key", "writes_per_second", "writes_per_second_per_key"];
    members.iter().map(|member| ((*member).to_owned(), 1_000_000.into())).collect::<Map<_, _>>().into()
});

/// Measures everything in rounds and prints the table.
pub async fn run(arguments: &Arguments) {
    let stack = Stack::start(Options::http()).await;
    let idle_kib = measured::resident_kib(stack.service.pid());
    let caller = stack.tenant_with_policy(&UNLIMITED).await;
    let key = || caller.key.clone();
    let load = |url: String, traffic| Load {
        url,
        traffic,
        clients: arguments.clients,
        length: Duration::from_secs(arguments.seconds),
        each_every: None,
    };
    let create = load(stack.url(), Traffic::PlaceOrders(key()));
    eprintln!("warming up");
    create.run(Duration::from_secs(2)).await;
    // Plans made while the tables were empty stay until their statistics change: autovacuum sees to that within a minute, we at once.
    stack.sql().execute("ANALYZE").await.unwrap();
    let order = caller.place(&sample::order()).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let nginx = StaticFile::serve(caller.get(&path).send().await.expect(200).body.as_slice());
    let read = load(stack.url(), Traffic::Read(key(), path));
    let without_redis = Stack::start(Options::http().set("REDIS_URL", "redis://127.0.0.1:1/0")).await;
    let alone = without_redis.tenant_with_policy(&UNLIMITED).await;
    let path_alone = format!("/v1/orders/{}", alone.place(&sample::order()).await["id"].as_str().unwrap());
    let create_alone = load(without_redis.url(), Traffic::PlaceOrders(alone.key.clone()));
    let read_alone = load(without_redis.url(), Traffic::Read(alone.key.clone(), path_alone));
    let read_openly = load(nginx.url(), Traffic::ReadOpenly(static_file::PATH.to_owned()));

    let mut table = Table::default();
    for round in 1..=arguments.rounds {
        for what in What::ALL {
            eprintln!("round {round} of {}: {}", arguments.rounds, what.name());
            let row = match what {
                What::EightStatements => Floor::EightStatements.run(&stack, &caller.key, arguments.clients, arguments.seconds),
                What::OneStatement => Floor::OneStatement.run(&stack, &caller.key, arguments.clients, arguments.seconds),
                What::Create => measured::load(SERVICE, &create).await,
                What::CreateAlone => measured::load(SERVICE, &Load { clients: 1, ..create.clone() }).await,
                What::StaticFile => measured::load(static_file::PROCESS, &read_openly).await,
                What::Read => measured::load(SERVICE, &read).await,
                What::CreateWithoutRedis => measured::load(SERVICE, &create_alone).await,
                What::ReadWithoutRedis => measured::load(SERVICE, &read_alone).await,
            };
            table.add(what, row);
        }
    }
    // What pgbench wrote is no message, and a stack holds every message against its schema when it ends.
    stack.sql().execute("DELETE FROM outbox WHERE get_byte(body, 0) <> ascii('{')").await.unwrap();
    let loaded_kib = measured::resident_kib(stack.service.pid());
    eprintln!("starting processes");
    let start = start_up::measure(&stack).await;
    table.print(idle_kib, loaded_kib, &start);
}
