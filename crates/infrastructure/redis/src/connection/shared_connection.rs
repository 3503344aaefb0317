//! A connection that many use at once, whatever it leads to.
//!
//! **Architecture Invariant:** it hides how the servers are arranged, and nothing else: no retries and no judgement of
//! errors.

use deadpool_redis::redis::aio::{ConnectionLike, MultiplexedConnection};
use deadpool_redis::redis::cluster_async::ClusterConnection;
use deadpool_redis::redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use deadpool_redis::redis::{self, Cmd, Pipeline, RedisFuture, RedisResult, Value};

/// A connection to a primary, or to all of a cluster. Its clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Whether the server answers; in a cluster the primary of `slot`.
    pub(super) async fn ping(&mut self, slot: u16) -> RedisResult<Value> {
        let ping = redis::cmd("PING");
        match self {
            Self::Single(connection) => connection.req_packed_command(&ping).await,
            Self::Cluster(connection) => {
                let there = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                let there = RoutingInfo::SingleNode(there);
                connection.route_command(ping, there).await
            }
        }
        .and_then(Value::extract_error)
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
