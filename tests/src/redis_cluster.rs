//! A real Redis Cluster of one test's own: three primaries with a replica each, six processes on this machine, any of which may be killed.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use redis::{Value, cmd};

use super::{Redis, redis::program, until, within};

/// Primaries, which share the slots; the smallest number that can outvote a dead one.
const PRIMARIES: usize = 3;
/// Each primary has one replica.
const NODES: usize = 2 * PRIMARIES;
/// Milliseconds of silence after which a node is held for dead. A fail-over takes one to two seconds more.
const NODE_TIMEOUT_MS: &str = "2000";
/// From six fresh processes to a cluster whose replicas follow: 5 s on two free cores.
const FORM_LIMIT: Duration = Duration::from_secs(60);

/// The six nodes. Dropping the value kills them.
///
/// A node is named by its place, 0 to 5, which it keeps whatever its role comes to be.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts one and waits until every slot is served and every replica follows.
    ///
    /// # Panics
    /// When its programs are missing or it does not form.
    pub async fn start() -> Self {
        let arguments = [
            ["--cluster-enabled", "yes"],
            ["--cluster-node-timeout", NODE_TIMEOUT_MS],
            // Else a primary waits five seconds for more replicas before it feeds the first.
            ["--repl-diskless-sync-delay", "0"],
        ];
        let nodes = join_all((0..NODES).map(|_| Redis::start_with(arguments.as_flattened()))).await;
        let cluster = Self { nodes };
        cluster.form().await;
        let formed = within(FORM_LIMIT, async || cluster.is_whole().await.then_some(())).await;
        formed.unwrap_or_else(|| panic!("no cluster of Redis forms in {FORM_LIMIT:?}"));
        cluster
    }

    async fn form(&self) {
        let mut command = tokio::process::Command::new(program("TEST_REDIS_CLI"));
        command.args(["--cluster", "create"]).args(self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())));
        command.args(["--cluster-replicas", "1", "--cluster-yes"]).env_clear().kill_on_drop(true);
        let output = tokio::time::timeout(FORM_LIMIT, command.output()).await.expect("redis-cli ends").unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "redis-cli --cluster create: {said}{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Whether all nodes see every slot served, agree on who serves it, and each replica follows its primary.
    pub async fn is_whole(&self) -> bool {
        let mut views = BTreeSet::new();
        for node in &self.nodes {
            let told = async |command: &str, section: &str| node.ask::<String>(cmd(command).arg(section)).await.unwrap_or_default();
            let (state, replication) = (told("CLUSTER", "INFO").await, told("INFO", "replication").await);
            let follows = replication.contains("role:master") || replication.contains("master_link_status:up");
            if !follows || !state.contains("cluster_state:ok") {
                return false;
            }
            views.insert(owners(&node.ask(cmd("CLUSTER").arg("SLOTS")).await.unwrap_or(Value::Nil)));
        }
        views.len() == 1 && views.iter().all(|owners| owners.len() == PRIMARIES)
    }

    /// Where its nodes are.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }

    /// A node by its place.
    ///
    /// # Panics
    /// When there is no such place.
    #[must_use]
    pub fn node(&mut self, place: usize) -> &mut Redis {
        &mut self.nodes[place]
    }

    /// The place of the node that serves this key, as the first node sees it that answers.
    ///
    /// # Panics
    /// When no node answers.
    pub async fn primary_of(&self, key: &str) -> usize {
        for node in &self.nodes {
            if let Some(place) = self.primary_as_seen_by(node, key).await {
                return place;
            }
        }
        panic!("no node of the cluster knows who serves {key}");
    }

    async fn primary_as_seen_by(&self, node: &Redis, key: &str) -> Option<usize> {
        let slot: i64 = node.ask(cmd("CLUSTER").arg("KEYSLOT").arg(key)).await.ok()?;
        let owners = owners(&node.ask(cmd("CLUSTER").arg("SLOTS")).await.ok()?);
        let (_, _, port) = owners.into_iter().find(|(first, last, _)| (*first..=*last).contains(&slot))?;
        self.nodes.iter().position(|node| i64::from(node.port()) == port)
    }

    /// Kills the node that serves this key as `kill -9` does; its place.
    ///
    /// # Panics
    /// When no node answers.
    pub async fn kill_primary_of(&mut self, key: &str) -> usize {
        let place = self.primary_of(key).await;
        self.nodes[place].kill();
        place
    }

    /// Waits until the key is served by another node than `lost`, and all nodes that answer, but for `lost`, agree on that; its place.
    ///
    /// # Panics
    /// When that does not happen in [`PATIENCE`](super::PATIENCE).
    pub async fn await_failover(&self, key: &str, lost: usize) -> usize {
        until("a replica takes over", || self.successor(key, lost)).await
    }

    async fn successor(&self, key: &str, lost: usize) -> Option<usize> {
        let others = self.nodes.iter().enumerate().filter(|(place, _)| *place != lost).map(|(_, node)| node);
        let mut successors = BTreeSet::new();
        for node in others {
            let Ok(state) = node.ask::<String>(cmd("CLUSTER").arg("INFO")).await else { continue };
            if !state.contains("cluster_state:ok") {
                return None;
            }
            successors.insert(self.primary_as_seen_by(node, key).await?);
        }
        let successor = successors.pop_first()?;
        (successors.is_empty() && successor != lost).then_some(successor)
    }
}

/// Who serves what, from the answer to `CLUSTER SLOTS`: first and last slot, and the port of the primary, which stands before its replicas.
fn owners(slots: &Value) -> Vec<(i64, i64, i64)> {
    let owner = |range: &Value| {
        let [Value::Int(first), Value::Int(last), primary, ..] = range.as_sequence()? else { return None };
        let [_, Value::Int(port), ..] = primary.as_sequence()? else { return None };
        Some((*first, *last, *port))
    };
    let mut owners: Vec<_> = slots.as_sequence().unwrap_or_default().iter().filter_map(owner).collect();
    owners.sort_unstable();
    owners
}
