//! What keeps the shared connection.
//!
//! **Architecture Invariants.** While Redis is away this is the only one that tries it, one try at a time with growing
//! pauses: many callers do not become many connections. It logs that Redis went and that it came back, and no more.
//!
//! A primary that sentinels have chosen is left when they no longer confirm it, although it still answers: a node that
//! hears nothing of them may be the only one that still writes there, and all that it is told is then forgotten.

use super::Shared;
use super::backoff::Backoff;
use super::connector::{Whereto, within};
use super::lanes::Lane;
use super::shared_connection::Connection;
use deadpool_redis::redis::RedisError;
use deadpool_redis::redis::cluster_async::ClusterConnection;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// How often Redis is asked.
const LOOK: Duration = Duration::from_secs(1);
/// How often sentinels are.
const LOOK_AT_SENTINELS: Duration = Duration::from_millis(500);
/// How long what they said holds. Less than a new owner of a seat waits for what the former has of it, so that a seat that was
/// taken at a primary that is none any more, where nobody else hears of it, is never served.
const CONFIRMED: Duration = Duration::from_millis(1_500);
/// How long is tried in vain until a cluster's connection is made anew. A primary that stands still is never left otherwise.
const REBUILD: Duration = Duration::from_secs(2);

/// Makes, watches and replaces the shared connection of a [`Redis`](super::Redis).
pub struct Keeper {
    shared: Arc<Shared>,
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Never returns. Without it nobody reaches Redis. Dropping the future leaves the present connection in use until it
    /// breaks.
    pub async fn run(self) {
        let mut backoff = Backoff::new();
        let mut away = Away::default();
        loop {
            let asked = Instant::now();
            let mut lived = Duration::ZERO;
            match self.shared.connector.connect(self.shared.response_timeout).await {
                Ok((connection, whereto)) => {
                    let held = Instant::now();
                    let number = self.shared.hold(connection.clone());
                    away.is_over();
                    match connection {
                        Connection::Single(_) => self.watch_one(number, &whereto, asked).await,
                        Connection::Cluster(connection) => self.watch_cluster(connection, &mut away).await,
                    }
                    lived = held.elapsed();
                }
                Err(error) => away.because(&error),
            }
            backoff.after(lived).await;
        }
    }

    /// Until the connection is lost, or leads to a server that is not the primary any more, or may not be. `confirmed` is
    /// when it was last asked for.
    async fn watch_one(&self, number: u64, whereto: &Whereto, mut confirmed: Instant) {
        let asks_sentinels = self.shared.connector.asks_sentinels();
        let mut looks = interval(if asks_sentinels { LOOK_AT_SENTINELS } else { LOOK });
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.tick().await;
        loop {
            tokio::select! {
                () = self.shared.trouble.notified() => {
                    if !self.shared.holds(number) {
                        return;
                    }
                }
                _ = looks.tick() => {
                    // What broke is noticed although nobody asks anything.
                    self.shared.ping().await;
                    if !asks_sentinels {
                        continue;
                    }
                    let asked = Instant::now();
                    match timeout_at(confirmed + CONFIRMED, self.shared.connector.whereto()).await {
                        Ok(Some(named)) if named == *whereto => confirmed = asked,
                        Ok(None) => {}
                        Ok(Some(_)) => {
                            tracing::info!("the sentinels name another primary");
                            self.shared.drop_connection(number);
                            return;
                        }
                        Err(_) => {
                            tracing::warn!(
                                "less than half of the sentinels answer, and may have chosen another primary: this one is not used"
                            );
                            self.shared.drop_connection(number);
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Opens lanes that answer again. Replaces the connection by a new one if that does not help: the client finds a new
    /// primary when an old one says so, which one that is frozen never does.
    async fn watch_cluster(&self, mut connection: ClusterConnection, away: &mut Away) -> ! {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.shared.trouble.notified() => {}
                _ = looks.tick() => self.shared.ping().await,
            }
            let mut backoff = Backoff::new();
            let mut made = Instant::now();
            while self.shared.has_trouble() {
                backoff.after(Duration::ZERO).await;
                self.probe(&connection).await;
                if made.elapsed() >= REBUILD && self.shared.has_trouble() {
                    match self.shared.connector.connect(self.shared.response_timeout).await {
                        Ok((Connection::Cluster(new), _)) if !self.answering(&new).await.is_empty() => {
                            connection = new.clone();
                            self.shared.hold(Connection::Cluster(new));
                            // What it does not help is found out by those who ask.
                            break;
                        }
                        Ok(_) => {}
                        Err(error) => away.because(&error),
                    }
                    made = Instant::now();
                }
            }
            away.is_over();
        }
    }

    async fn probe(&self, connection: &ClusterConnection) {
        for lane in self.answering(connection).await {
            self.shared.open_lane(lane);
        }
    }

    /// Which of the lanes that are closed answer on this connection.
    async fn answering(&self, connection: &ClusterConnection) -> Vec<Lane> {
        let limit = self.shared.response_timeout;
        let probes = self.shared.lanes.blocked().into_iter().map(|(lane, slot)| {
            let mut connection = Connection::Cluster(connection.clone());
            async move { within(limit, connection.ping(slot)).await.is_ok().then_some(lane) }
        });
        join_all(probes).await.into_iter().flatten().collect()
    }
}

/// Whether it was said that Redis is away.
#[derive(Debug, Default)]
struct Away {
    is_said: bool,
}

impl Away {
    fn because(&mut self, error: &RedisError) {
        if !self.is_said {
            self.is_said = true;
            let error = super::failure::describe(error);
            tracing::warn!(error, "redis is away: users of this node go on among themselves");
        }
    }

    fn is_over(&mut self) {
        if self.is_said {
            self.is_said = false;
            tracing::info!("redis is back");
        }
    }
}
