//! Asking the sentinels who the primary is.
//!
//! **Architecture Invariants.** All sentinels are asked at once, and the one with the newest configuration is believed:
//! one that was cut off still names the old primary. At most one connection to each is kept.

use super::connector::{Access, beside, within};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{self, AsyncConnectionConfig, Client, ConnectionInfo, RedisResult};
use futures_util::future::join_all;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Mutex;

/// The sentinels of one primary.
pub(super) struct Sentinels {
    sentinels: Vec<Sentinel>,
    /// How the primary is reached: as the first sentinel is, with the name and password in its address.
    like: ConnectionInfo,
}

struct Sentinel {
    client: Client,
    primary_name: String,
    limit: Duration,
    /// Held for one question at a time, so nobody waits longer than one may take.
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// What a sentinel says.
struct Word {
    epoch: u64,
    host: String,
    port: u16,
}

impl Sentinels {
    pub(super) fn new(
        addresses: Vec<ConnectionInfo>,
        primary_name: &str,
        access: &Access,
        limit: Duration,
    ) -> RedisResult<Self> {
        let mut sentinels = Vec::new();
        let mut like = None;
        for address in addresses {
            // A sentinel has no databases; the number is meant for the primary.
            let redis = address.redis_settings().clone().set_db(0);
            like.get_or_insert_with(|| address.clone());
            sentinels.push(Sentinel {
                client: access.client(address.set_redis_settings(redis))?,
                primary_name: primary_name.to_owned(),
                limit,
                connection: Mutex::new(None),
            });
        }
        let Some(like) = like else {
            return Err((redis::ErrorKind::EmptySentinelList, "there is no sentinel").into());
        };
        Ok(Self { sentinels, like })
    }

    /// The address of a server that a sentinel named.
    pub(super) fn address(&self, host: &str, port: u16) -> ConnectionInfo {
        beside(&self.like, host, port)
    }

    /// The primary by the newest word of those that answer in time.
    pub(super) async fn primary(&self) -> Option<(String, u16)> {
        let words = join_all(self.sentinels.iter().map(Sentinel::ask)).await;
        let newest = words.into_iter().flatten().max_by_key(|word| word.epoch);
        newest.map(|word| (word.host, word.port))
    }
}

impl Sentinel {
    async fn ask(&self) -> Option<Word> {
        let mut place = self.connection.lock().await;
        let mut connection = if let Some(connection) = place.take() {
            connection
        } else {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(self.limit))
                .set_response_timeout(Some(self.limit));
            let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
            within(self.limit, connecting).await.ok()?
        };
        let mut question = redis::cmd("SENTINEL");
        question.arg("MASTER").arg(&self.primary_name);
        let answer: HashMap<String, String> = within(self.limit, question.query_async(&mut connection))
            .await
            .ok()?;
        *place = Some(connection);
        Some(Word {
            epoch: answer.get("config-epoch")?.parse().ok()?,
            host: answer.get("ip")?.clone(),
            port: answer.get("port")?.parse().ok()?,
        })
    }
}
