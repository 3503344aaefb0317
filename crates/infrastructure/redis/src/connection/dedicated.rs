//! Connections of one's own, for commands that block in the server.
//!
//! **Architecture Invariant:** such a connection is never shared, since whatever comes after a command that blocks waits
//! for it.

use super::connector::within;
use super::failure::{Failure, store_error};
use super::shared_connection::Connection;
use super::{Link, Shared, read};
use deadpool_redis::redis::aio::ConnectionLike as _;
use deadpool_redis::redis::{Cmd, FromRedisValue, Value};
use passerby_application::ports::StoreError;
use std::fmt;
use std::time::Duration;
use tokio::sync::watch;

/// A connection of one's own. After an error it is of no more use: take another one.
pub struct Dedicated {
    connection: Connection,
    limit: Duration,
    /// The link this connection was made under; none in a cluster, whose connections find new primaries by themselves.
    link: Option<(watch::Receiver<Link>, Link)>,
}

impl Dedicated {
    pub(super) async fn open(shared: &Shared, block: Duration) -> Result<Self, StoreError> {
        let link = if shared.connector.is_cluster() {
            None
        } else {
            let mut watched = shared.link.subscribe();
            let now = *watched.borrow_and_update();
            if now == Link::Down {
                return Err(Failure::away());
            }
            Some((watched, now))
        };
        let limit = block + shared.response_timeout;
        let (connection, _) = shared
            .connector
            .connect(limit)
            .await
            .map_err(|error| store_error(&error))?;
        Ok(Self {
            connection,
            limit,
            link,
        })
    }

    /// Runs one command, which may block in the server for as long as was said when the connection was made.
    ///
    /// # Errors
    /// [`StoreError`], `Timeout` at the latest one response timeout after that; `Unavailable` as soon as the node loses its
    /// link or another primary is named. Dropping the future leaves the command running in the server: drop the connection
    /// then, too.
    pub async fn command<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, StoreError> {
        let asked = within(self.limit, self.connection.req_packed_command(command));
        let answer = match &mut self.link {
            None => asked.await,
            Some((watched, then)) => tokio::select! {
                answer = asked => answer,
                () = changed(watched, *then) => return Err(Failure::away()),
            },
        };
        let answer = answer.and_then(Value::extract_error);
        read(answer.map_err(|error| store_error(&error))?)
    }
}

/// Until the link is another one than `then`.
async fn changed(watched: &mut watch::Receiver<Link>, then: Link) {
    // The sender is gone only when nobody asks any more.
    let _ = watched.wait_for(|now| *now != then).await;
}

impl fmt::Debug for Dedicated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedicated")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
