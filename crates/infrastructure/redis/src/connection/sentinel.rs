//! Asking the sentinels who the primary is.
//!
//! **Architecture Invariants.** All sentinels are asked at once, and the one with the newest configuration is believed:
//! one that was cut off still names the old primary. Without the word of more than half of them none is believed, since the
//! others may have chosen another primary: it takes more than half to do so. At most one connection to each is kept.

use super::connector::{Access, beside, within};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    self, AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, RedisError, RedisResult,
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::sleep;

/// How long the others have to answer when more than half have. One that is gone must not delay every answer.
const LATECOMERS: Duration = Duration::from_millis(250);

/// The sentinels of one primary.
pub(super) struct Sentinels {
    all: Vec<Sentinel>,
    /// How the primary is reached: as the first sentinel is, with the name and password in its address.
    like: ConnectionInfo,
    newest: Mutex<Newest>,
}

/// The newest word that was heard. Who led a failover knows of it a moment before the others do.
#[derive(Debug, Default)]
struct Newest(Option<Word>);

impl Newest {
    /// The primary by what so many `words` of `all` say now, and by what was heard before.
    fn primary(&mut self, words: Vec<Word>, all: usize) -> Option<(String, u16)> {
        if !is_majority(words.len(), all) {
            return None;
        }
        // When all say so, they were set up anew, and count from the beginning.
        let before = if words.len() == all { None } else { self.0.take() };
        self.0 = words.into_iter().chain(before).max_by_key(|word| word.epoch);
        self.0.as_ref().map(|word| (word.host.clone(), word.port))
    }
}

struct Sentinel {
    client: Client,
    primary_name: String,
    limit: Duration,
    /// Held for one question at a time, so nobody waits longer than one may take.
    connection: AsyncMutex<Option<MultiplexedConnection>>,
}

/// What a sentinel says.
#[derive(Debug)]
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
        let mut all = Vec::new();
        let mut like = None;
        for address in addresses {
            // A sentinel has no databases; the number is meant for the primary.
            let redis = address.redis_settings().clone().set_db(0);
            like.get_or_insert_with(|| address.clone());
            all.push(Sentinel {
                client: access.client(address.set_redis_settings(redis))?,
                primary_name: primary_name.to_owned(),
                limit,
                connection: AsyncMutex::new(None),
            });
        }
        let Some(like) = like else {
            return Err((ErrorKind::EmptySentinelList, "there is no sentinel").into());
        };
        Ok(Self {
            all,
            like,
            newest: Mutex::default(),
        })
    }

    /// The address of a server that a sentinel named.
    pub(super) fn address(&self, host: &str, port: u16) -> ConnectionInfo {
        beside(&self.like, host, port)
    }

    /// The primary by the newest word of those that answer in time.
    ///
    /// # Errors
    /// If no more than half do: why one of them does not.
    pub(super) async fn primary(&self) -> RedisResult<(String, u16)> {
        let mut asked: FuturesUnordered<_> = self.all.iter().map(Sentinel::ask).collect();
        let mut words = Vec::new();
        let mut failure = None;
        let mut latecomers = pin!(sleep(LATECOMERS));
        loop {
            let is_enough = is_majority(words.len(), self.all.len());
            tokio::select! {
                biased;
                answer = asked.next() => match answer {
                    Some(Ok(word)) => words.push(word),
                    Some(Err(error)) => failure = Some(error),
                    None => break,
                },
                () = &mut latecomers, if is_enough => break,
            }
        }
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.primary(words, self.all.len()).ok_or_else(|| why(failure))
    }
}

/// Of what a row of questions was answered with, the first error, which has a code.
fn first(failure: RedisError) -> RedisError {
    let errors = failure.clone().into_server_errors();
    let first = errors.and_then(|errors| errors.first().map(|(_, error)| error.clone()));
    first.map_or(failure, RedisError::from)
}

/// Why too few sentinels name a primary.
fn why(failure: Option<RedisError>) -> RedisError {
    // What has no code of its own is that there is no primary of this name.
    failure
        .filter(|failure| failure.code() != Some("ERR"))
        .unwrap_or_else(|| {
            let kind = ErrorKind::MasterNameNotFoundBySentinel;
            RedisError::from((kind, "too few sentinels name a primary"))
        })
}

/// Whether so many of all can choose a primary.
fn is_majority(some: usize, all: usize) -> bool {
    some * 2 > all
}

impl Sentinel {
    async fn ask(&self) -> RedisResult<Word> {
        let mut place = self.connection.lock().await;
        let mut connection = if let Some(connection) = place.take() {
            connection
        } else {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(self.limit))
                .set_response_timeout(Some(self.limit));
            let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
            within(self.limit, connecting).await?
        };
        // The one that leads a failover knows its new epoch, and who is to be the primary, before its own record says so.
        let mut questions = redis::pipe();
        questions.cmd("SENTINEL").arg("MASTER").arg(&self.primary_name);
        let by_name = questions.cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME");
        by_name.arg(&self.primary_name);
        let asked = questions.query_async(&mut connection);
        let (record, (host, port)): (HashMap<String, String>, _) =
            within(self.limit, asked).await.map_err(first)?;
        *place = Some(connection);
        let epoch = record.get("config-epoch").and_then(|epoch| epoch.parse().ok());
        let epoch = epoch.ok_or((ErrorKind::UnexpectedReturnType, "a primary without an epoch"))?;
        Ok(Word { epoch, host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(said: &[(u64, u16)]) -> Vec<Word> {
        let word = |&(epoch, port): &(u64, u16)| Word {
            epoch,
            host: "primary".to_owned(),
            port,
        };
        said.iter().map(word).collect()
    }

    /// Whom one believes who has heard these words, one after the other, of three sentinels.
    fn believed(said: &[&[(u64, u16)]]) -> Option<u16> {
        let mut newest = Newest::default();
        let heard = said.iter().map(|said| newest.primary(words(said), 3));
        heard.last().flatten().map(|(_, port)| port)
    }

    #[test]
    fn the_newest_word_counts_if_more_than_half_speak() {
        assert_eq!(believed(&[&[(1, 10), (2, 20), (1, 10)]]), Some(20));
        assert_eq!(believed(&[&[(1, 10), (2, 20)]]), Some(20));
        assert_eq!(believed(&[&[(2, 20)]]), None);
        assert_eq!(believed(&[&[]]), None);
        for (all, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
            assert!(is_majority(needed, all), "{needed} of {all}");
            assert!(!is_majority(needed - 1, all), "{} of {all}", needed - 1);
        }
    }

    #[test]
    fn too_few_words_have_a_reason() {
        let answered = |text: &str| {
            let answer = redis::parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap();
            Some(answer.extract_error().unwrap_err())
        };
        let refused = why(answered("WRONGPASS invalid username-password pair"));
        assert_eq!(refused.code(), Some("WRONGPASS"));
        for unnamed in [None, answered("ERR No such master with that name")] {
            assert_eq!(why(unnamed).kind(), ErrorKind::MasterNameNotFoundBySentinel);
        }
    }

    #[test]
    fn an_older_word_does_not_replace_a_newer_unless_all_say_it() {
        let failover: &[(u64, u16)] = &[(1, 10), (2, 20), (1, 10)];
        let late: &[(u64, u16)] = &[(1, 10), (1, 10)];
        assert_eq!(believed(&[failover, late]), Some(20));
        assert_eq!(believed(&[failover, late, late, &[]]), None);
        assert_eq!(believed(&[failover, &[(0, 30), (0, 30), (0, 30)]]), Some(30));
    }
}
