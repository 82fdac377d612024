//! The harness's own Redis servers: what tests of a lost Redis stand on.

use redis::cmd;
use tests::{Redis, RedisCluster, until};

#[tokio::test]
async fn a_redis_that_was_killed_comes_back_empty() {
    let mut redis = Redis::start().await;
    let kept: String = redis.ask(cmd("SET").arg("key").arg("value")).await.unwrap();
    assert_eq!(kept, "OK");
    redis.kill();
    redis.ask::<String>(&cmd("PING")).await.unwrap_err();
    redis.start_again().await;
    assert_eq!(redis.ask::<Option<String>>(cmd("GET").arg("key")).await.unwrap(), None);
}

#[tokio::test]
async fn a_redis_that_stands_still_answers_nobody_and_then_goes_on() {
    let redis = Redis::start().await;
    redis.ask::<String>(cmd("SET").arg("key").arg("value")).await.unwrap();
    redis.pause();
    assert!(redis.ask::<String>(cmd("GET").arg("key")).await.unwrap_err().is_timeout());
    redis.resume();
    assert_eq!(redis.ask::<String>(cmd("GET").arg("key")).await.unwrap(), "value");
}

#[tokio::test]
async fn a_cluster_promotes_the_replica_of_a_killed_primary() {
    let mut cluster = RedisCluster::start().await;
    let key = "{a tenant}:of any kind";
    let lost = cluster.kill_primary_of(key).await;
    let successor = cluster.await_failover(key, lost).await;
    assert_ne!(successor, lost);
    assert_eq!(cluster.node(successor).ask::<String>(cmd("SET").arg(key).arg("value")).await.unwrap(), "OK");
    cluster.node(lost).start_again().await;
    until("the lost node follows", || async { cluster.is_whole().await.then_some(()) }).await;
    assert_eq!(cluster.primary_of(key).await, successor);
}
