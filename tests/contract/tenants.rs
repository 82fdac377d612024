//! Every endpoint, asked for what is another tenant's: it answers as if there were no such thing, and changes nothing.
//!
//! Two walls stand between tenants, and each must hold alone. The statements say `tenant_id = $1`: the matrix runs once with row-level
//! security switched off, and the same answers come. The policies: `isolation` asks every table without naming a tenant, and every
//! reading statement while naming the wrong one. What the matrix adds is the whole way from a signature to an answer.

use std::time::Duration;

use serde_json::Value;
use shared::function::HttpSpec;
use tests::{Answer, Caller, Request, Stack, sample};
use tokio::time::timeout;

use super::routes::{self, Ids};

/// A stream of a table without its policy tells nothing, and never comes to its end.
const STREAM_LIMIT: Duration = Duration::from_secs(5);

/// What the application may see of a table; as `secure_table` of the first migration makes it.
const POLICY: &str = "TO orders_app USING (tenant_id = (SELECT current_setting('app.tenant_id')::uuid))
    WITH CHECK (tenant_id = (SELECT current_setting('app.tenant_id')::uuid))";

#[tokio::test]
async fn another_tenants_things_do_not_exist() {
    let stack = routes::start().await;
    assert_eq!(Matrix::fill(&stack).await.findings(&stack).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_statements_hold_without_row_level_security() {
    let stack = routes::start().await;
    let matrix = Matrix::fill(&stack).await;
    for table in stack.sql().tables().await {
        stack.sql().execute(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")).await.unwrap();
    }
    assert_eq!(matrix.findings(&stack).await, Vec::<String>::new());
}

/// A partner's signature opens every tenant's orders, so there the name in the body is the wall: what is told of the owner's order in
/// another's name changes nothing of the owner's, row-level security or not. In the owner's own name it does.
#[tokio::test]
async fn news_in_another_tenants_name_reach_no_order() {
    let stack = routes::start().await;
    let (owner, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let placed = owner.place(&sample::order()).await;
    let order = owner.order(placed["id"].as_str().unwrap()).await;
    for row_level_security in [true, false] {
        if !row_level_security {
            for table in stack.sql().tables().await {
                stack.sql().execute(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")).await.unwrap();
            }
        }
        for spec in routes::pushed_to() {
            routes::push(spec, &owner, &order, &stranger).send().await.expect(202);
            assert_eq!(owner.order(placed["id"].as_str().unwrap()).await, order, "{}: the stranger's name was enough", spec.name);
        }
    }
    for spec in routes::pushed_to() {
        routes::push(spec, &owner, &order, &owner).send().await.expect(204);
        assert_ne!(owner.order(placed["id"].as_str().unwrap()).await["version"], order["version"], "{}: nothing happened", spec.name);
    }
}

/// The matrix is worth something: a stranger of the same tenant gets answers that no stranger may get, and each is found.
#[tokio::test]
async fn the_matrix_finds_every_endpoint_that_tells_a_stranger() {
    let stack = routes::start().await;
    let matrix = Matrix::fill(&stack).await;
    let open = Matrix { stranger: matrix.owner.clone(), own: matrix.owned.clone(), ..matrix };
    let found = open.findings(&stack).await;
    for spec in routes::of_tenants().filter(|spec| routes::route(spec).method == "GET" || !routes::parameters(spec).is_empty()) {
        assert!(found.iter().any(|finding| finding.starts_with(&format!("{}:", spec.name))), "{} was not found: {found:#?}", spec.name);
    }
}

/// A table without its policy shows nobody anything, so that the owner is refused what it may do.
#[tokio::test]
async fn the_matrix_finds_a_table_that_has_lost_its_policy() {
    let stack = routes::start().await;
    let matrix = Matrix::fill(&stack).await;
    let sql = stack.sql();
    for table in
        ["orders", "order_contacts", "order_lines", "order_history", "payments", "payment_operations", "ledger", "outbox", "timers"]
    {
        sql.execute(&format!("DROP POLICY tenant ON {table}")).await.unwrap();
        assert!(!matrix.findings(&stack).await.is_empty(), "{table} has no policy, and nothing was found");
        sql.execute(&format!("CREATE POLICY tenant ON {table} {POLICY}")).await.unwrap();
    }
    assert_eq!(matrix.findings(&stack).await, Vec::<String>::new(), "the policies are back");
}

/// Two tenants with a thing of each kind.
struct Matrix {
    owner: Caller,
    owned: Ids,
    stranger: Caller,
    own: Ids,
    /// The stranger's last order before anything is asked: whatever happened before has been told to whoever is told of it.
    last: String,
}

impl Matrix {
    async fn fill(stack: &Stack) -> Self {
        let (owner, stranger) = tokio::join!(stack.tenant_with_all_scopes(), stack.tenant_with_all_scopes());
        let (owned, own) = tokio::join!(routes::own_ids(&owner), routes::own_ids(&stranger));
        let last = stranger.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
        Self { owner, owned, stranger, own, last }
    }

    /// What the stranger learns or changes, and what is kept from the owner: nothing, unless a wall has a hole or lacks a door.
    async fn findings(&self, stack: &Stack) -> Vec<String> {
        let mut findings = Vec::new();
        for spec in routes::of_tenants() {
            let before = stack.sql().contents().await;
            // Each id of the path in turn is the owner's, beside the stranger's own.
            for kind in routes::parameters(spec) {
                findings.extend(self.told_apart(spec, kind).await);
            }
            if routes::parameters(spec).is_empty() && routes::route(spec).method == "GET" {
                findings.extend(self.listed(spec).await);
            }
            if stack.sql().contents().await != before {
                findings.push(format!("{}: the stranger changed something", spec.name));
            }
            // Things of its own for each endpoint: what one does to an order another could miss.
            let control = match routes::try_own_ids(&self.owner).await {
                Ok(ids) => routes::reached(&routes::request(&self.owner, spec, &ids).send().await),
                Err(refusal) => Err(refusal),
            };
            if let Err(refusal) = control {
                findings.push(format!("{}: the owner is refused, so the rest says nothing: {refusal}", spec.name));
            }
        }
        findings
    }

    /// An answer about the owner's thing that differs from one about a thing that is nowhere.
    async fn told_apart(&self, spec: &'static HttpSpec, kind: &'static str) -> Option<String> {
        let ask = async |id: String| {
            let ids = self.own.iter().map(|(name, own)| (*name, own.clone())).chain([(kind, id)]).collect();
            routes::request(&self.stranger, spec, &ids).send().await
        };
        let (foreign, nowhere) = (ask(self.owned[kind].clone()).await, ask(routes::invented(&self.owned[kind])).await);
        let same = foreign.status == 404 && told(&foreign) == told(&nowhere);
        (!same).then(|| format!("{}: the owner's {kind} is told from an invented one: {foreign:?}", spec.name))
    }

    /// An id of the owner in a list of the stranger. What creates has no id in its path either and makes the stranger's own.
    async fn listed(&self, spec: &'static HttpSpec) -> Option<String> {
        let list = routes::request(&self.stranger, spec, &self.own);
        let text = match routes::never_ends(spec) {
            true => self.told_from_the_beginning(list).await,
            false => String::from_utf8(list.send().await.body).unwrap(),
        };
        let seen = self.owned.values().find(|id| text.contains(id.as_str()));
        seen.map(|id| format!("{}: the stranger's list shows {id}", spec.name))
    }

    /// Everything that a stream tells from the beginning until it comes to the stranger's last order, or to nothing more.
    async fn told_from_the_beginning(&self, stream: Request<'_>) -> String {
        let mut text = String::new();
        let _ = timeout(STREAM_LIMIT, async {
            let mut events = stream.follow_from("0-0").await;
            while !text.contains(&self.last)
                && let Some(frame) = events.next().await
            {
                text.push_str(&frame.data);
            }
        })
        .await;
        text
    }
}

/// Everything that an answer tells, except which request it was.
fn told(answer: &Answer) -> (u16, Vec<String>, Value) {
    let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort_unstable();
    let mut body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (answer.status, names, body)
}
