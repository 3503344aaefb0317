//! The one way to Redis.
//!
//! All scripts and commands of a node go over one multiplexed connection (per primary in a cluster), so that what was
//! asked first reaches Redis first. A [`Keeper`] holds that connection: it makes it, notices when it no longer leads to
//! the primary, and makes another one. Meanwhile whoever asks is refused at once.
//!
//! **Architecture Invariants.** No caller waits longer than the response timeout, and while Redis is known to be away no
//! caller waits at all. No caller makes a connection, but for the pooled and the dedicated ones. No command that blocks
//! in the server goes over the shared connection. What is called may have happened although it failed, and may happen
//! twice: everything that is sent is fit for that.

mod backoff;
mod check;
mod connector;
mod dedicated;
mod failure;
mod keeper;
mod lanes;
mod options;
mod pool;
mod script;
mod sentinel;
mod shared_connection;

pub(crate) use backoff::Backoff;
pub use check::CheckError;
pub use connector::OpenError;
pub use dedicated::Dedicated;
pub(crate) use failure::Failure;
pub use keeper::Keeper;
pub use options::{RedisMode, RedisOptions};
pub use script::Script;

use crate::keys::{Key, Keys};
use connector::Connector;
use deadpool_redis::redis::aio::ConnectionLike as _;
use deadpool_redis::redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, ServerErrorKind, ToRedisArgs, Value,
};
use failure::{Fate, fate, store_error};
use lanes::{Lane, Lanes};
use passerby_application::ports::StoreError;
use pool::Pool;
use shared_connection::Connection;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Whether Redis can be asked.
///
/// For a cluster: whether the primary of the state of pairing can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It cannot. Calls fail at once.
    Down,
    /// It can.
    Up {
        /// How often the link came up. A step means that something may have been missed, or lost.
        epoch: u64,
    },
}

/// A handle to Redis. Its clones share everything.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
}

struct Shared {
    connector: Arc<Connector>,
    keys: Keys,
    response_timeout: Duration,
    held: Mutex<Held>,
    lanes: Lanes,
    /// The slot of the state of pairing and its lane, by which the link is judged.
    home_slot: u16,
    home: Lane,
    link: watch::Sender<Link>,
    /// Something is wrong: the keeper is to look.
    trouble: Notify,
    pool: Pool,
}

/// The shared connection, how many there have been, and how often the link came up.
#[derive(Default)]
struct Held {
    connection: Option<Connection>,
    number: u64,
    epoch: u64,
}

/// The shared connection, taken for one command.
struct Loan {
    connection: Connection,
    number: u64,
    slot: u16,
    lane: Lane,
    answers: u64,
}

impl Redis {
    /// A handle and what keeps its connection: nothing works until [`Keeper::run`] runs.
    ///
    /// # Errors
    /// [`OpenError`], if the options can never work. No connection is made here.
    pub fn open(options: &RedisOptions) -> Result<(Self, Keeper), OpenError> {
        let connector = Arc::new(Connector::new(options)?);
        let lanes = if connector.is_cluster() {
            Lanes::for_cluster()
        } else {
            Lanes::for_one_server()
        };
        let keys = Keys::new(&options.key_prefix);
        let home_slot = keys.pairing("").slot();
        let shared = Arc::new(Shared {
            pool: Pool::new(options, Arc::clone(&connector))?,
            connector,
            home_slot,
            home: lanes.of(home_slot),
            keys,
            response_timeout: options.response_timeout,
            held: Mutex::default(),
            lanes,
            link: watch::Sender::new(Link::Down),
            trouble: Notify::new(),
        });
        let keeper = Keeper::new(Arc::clone(&shared));
        Ok((Self { shared }, keeper))
    }

    /// The names of keys.
    pub fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    /// Follows whether Redis can be asked.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.shared.link.subscribe()
    }

    /// Waits until the link comes up, for whoever could do nothing with it as it is.
    pub(crate) async fn comes_up(&self) {
        let mut link = self.link();
        let then = *link.borrow_and_update();
        // The sender is gone only when nobody asks any more.
        let _ = link
            .wait_for(|now| *now != then && matches!(now, Link::Up { .. }))
            .await;
    }

    /// How often the link came up until now.
    pub(crate) fn link_epoch(&self) -> u64 {
        self.shared.with_held(|held| held.epoch)
    }

    /// How long the answer to a command may take.
    pub fn response_timeout(&self) -> Duration {
        self.shared.response_timeout
    }

    /// Runs a script over the shared connection.
    ///
    /// Scripts whose futures are first polled in some order reach Redis in that order. There are exceptions that only
    /// fences in the scripts can catch: one that Redis does not know yet is sent again and comes a round trip later, and
    /// in a cluster more than some fifty at once may overtake each other. Dropping the future after that does not keep the script from
    /// running.
    ///
    /// # Errors
    /// [`StoreError`], after at most the response timeout; at once while Redis is away. `Timeout` also when the connection
    /// broke before the answer: the script may have run. `Corrupt` if the script fails or answers something else than `T`.
    pub async fn script<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&Key],
        args: impl ToRedisArgs + Sync,
    ) -> Result<T, StoreError> {
        let slot = keys.first().map_or(0, |key| key.slot());
        let mut loan = self.shared.borrow(slot)?;
        let asked = async {
            let known = loan
                .connection
                .req_packed_command(&script.by_digest(keys, &args))
                .await;
            match known.and_then(Value::extract_error) {
                Err(error) if is_unknown_script(&error) => {
                    let whole = script.whole(keys, &args);
                    loan.connection
                        .req_packed_command(&whole)
                        .await
                        .and_then(Value::extract_error)
                }
                known => known,
            }
        };
        let answer = connector::within(self.shared.response_timeout, asked).await;
        self.shared.settle(&loan, answer)
    }

    /// Runs one command over the shared connection; in a cluster at the primary of `key`, which the command names. It must
    /// not block in the server.
    ///
    /// # Errors
    /// As for [`Self::script`].
    pub async fn command<T: FromRedisValue>(&self, key: &Key, command: &Cmd) -> Result<T, StoreError> {
        let mut loan = self.shared.borrow(key.slot())?;
        let asked = async {
            let answer = loan.connection.req_packed_command(command).await;
            answer.and_then(Value::extract_error)
        };
        let answer = connector::within(self.shared.response_timeout, asked).await;
        self.shared.settle(&loan, answer)
    }

    /// Runs several commands over the shared connection in one go. All their keys are in the slot of `key`.
    ///
    /// # Errors
    /// As for [`Self::script`]. If one of the commands fails the others may have happened.
    pub async fn pipeline<T: FromRedisValue>(&self, key: &Key, pipeline: &Pipeline) -> Result<T, StoreError> {
        let mut loan = self.shared.borrow(key.slot())?;
        let asked = pipeline.query_async::<Value>(&mut loan.connection);
        let answer = connector::within(self.shared.response_timeout, asked).await;
        self.shared.settle(&loan, answer)
    }

    /// Runs a script over a pooled connection: for what is rare, or may take a while.
    ///
    /// # Errors
    /// As for [`Self::script`], and `Unavailable` if no connection becomes free in time.
    pub async fn pooled_script<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&Key],
        args: impl ToRedisArgs + Sync,
    ) -> Result<T, StoreError> {
        self.shared.borrow(keys.first().map_or(0, |key| key.slot()))?;
        let known = self.shared.pool.ask(&script.by_digest(keys, &args)).await;
        let answer = match known {
            Err(pool::Refusal::Redis(error)) if is_unknown_script(&error) => {
                self.shared.pool.ask(&script.whole(keys, &args)).await
            }
            known => known,
        };
        read(answer.map_err(pool::Refusal::into_store_error)?)
    }

    /// Runs one command over a pooled connection.
    ///
    /// # Errors
    /// As for [`Self::pooled_script`].
    pub async fn pooled_command<T: FromRedisValue>(&self, key: &Key, command: &Cmd) -> Result<T, StoreError> {
        self.shared.borrow(key.slot())?;
        let answer = self.shared.pool.ask(command).await;
        read(answer.map_err(pool::Refusal::into_store_error)?)
    }

    /// A connection of one's own, for commands that block in the server for up to `block`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], at once while Redis is away, and [`StoreError`] when it cannot be made. Whoever tries
    /// again waits a little first.
    pub async fn dedicated(&self, block: Duration) -> Result<Dedicated, StoreError> {
        Dedicated::open(&self.shared, block).await
    }

    /// Looks at the servers: warns of what endangers what is kept there, and says what cannot work. Makes a connection of its own.
    ///
    /// # Errors
    /// [`CheckError`].
    pub async fn check(&self) -> Result<(), CheckError> {
        check::check(&self.shared.connector, self.shared.response_timeout).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("link", &*self.shared.link.borrow())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn with_held<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the connection for a command in `slot`, if Redis is there.
    fn borrow(&self, slot: u16) -> Result<Loan, StoreError> {
        let lane = self.lanes.of(slot);
        if self.lanes.is_blocked(lane) {
            return Err(Failure::away());
        }
        self.with_held(|held| {
            Some(Loan {
                connection: held.connection.clone()?,
                number: held.number,
                slot,
                lane,
                answers: self.lanes.answers(lane),
            })
        })
        .ok_or_else(Failure::away)
    }

    /// Finds out whether Redis answers, if it is not known to be away.
    async fn ping(&self) {
        if let Ok(mut loan) = self.borrow(self.home_slot) {
            let asked = loan.connection.ping(self.home_slot);
            let answer = connector::within(self.response_timeout, asked).await;
            // The conclusions are drawn; whoever asks next is told.
            let _ = self.settle::<Value>(&loan, answer);
        }
    }

    /// Draws the conclusions from an answer, or from its absence.
    fn settle<T: FromRedisValue>(
        &self,
        loan: &Loan,
        answer: Result<Value, RedisError>,
    ) -> Result<T, StoreError> {
        match answer {
            Ok(value) => {
                self.lanes.note_answer(loan.lane);
                read(value)
            }
            Err(error) => {
                // The client of a cluster looks for a new primary by itself when a server says that it is none.
                let is_redirected =
                    self.connector.is_cluster() && matches!(error.kind(), ErrorKind::Server(_));
                match fate(&error) {
                    Fate::Dropped if !is_redirected => self.give_up(loan),
                    Fate::Kept | Fate::Dropped => self.lanes.note_answer(loan.lane),
                    // Answers come in order. If others came meanwhile Redis is merely slow.
                    Fate::Doubted if self.lanes.answers(loan.lane) != loan.answers => {}
                    Fate::Doubted => self.give_up(loan),
                }
                Err(store_error(&error))
            }
        }
    }

    /// Nobody is to use this way any more until the keeper found that it works.
    fn give_up(&self, loan: &Loan) {
        if self.connector.is_cluster() {
            if self.with_held(|held| held.number) == loan.number && self.lanes.block(loan.lane, loan.slot) {
                tracing::debug!("a part of the redis cluster does not answer");
                if loan.lane == self.home {
                    self.link.send_replace(Link::Down);
                }
            }
        } else {
            self.drop_connection(loan.number);
        }
        self.trouble.notify_one();
    }

    /// Drops the shared connection if it still is the one with this number.
    fn drop_connection(&self, number: u64) {
        let dropped = self.with_held(|held| {
            if held.number == number {
                held.connection.take()
            } else {
                None
            }
        });
        if dropped.is_some() {
            self.link.send_replace(Link::Down);
        }
    }

    /// From now on this is the shared connection. Its number. The link has come up with it in one step: whoever asks over it and
    /// notes how often the link had come up must not take it for another the next time.
    fn hold(&self, connection: Connection) -> u64 {
        let (number, epoch) = self.with_held(|held| {
            held.number += 1;
            held.epoch += 1;
            held.connection = Some(connection);
            (held.number, held.epoch)
        });
        self.pool.renew(number);
        self.lanes.unblock_all();
        self.link.send_replace(Link::Up { epoch });
        number
    }

    fn holds(&self, number: u64) -> bool {
        self.with_held(|held| held.number == number && held.connection.is_some())
    }

    fn has_trouble(&self) -> bool {
        !self.lanes.blocked().is_empty()
    }

    fn open_lane(&self, lane: Lane) {
        self.lanes.unblock(lane);
        if lane == self.home {
            let epoch = self.with_held(|held| {
                held.epoch += 1;
                held.epoch
            });
            self.link.send_replace(Link::Up { epoch });
        }
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, StoreError> {
    // What the library says of a wrong shape holds the value.
    T::from_redis_value(value).map_err(|_| Failure::shape())
}
