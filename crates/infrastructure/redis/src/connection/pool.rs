//! Connections for what is rare: reports, bans, statistics.
//!
//! **Architecture Invariants.** Each wait has a limit. A connection whose answer did not come, or says that the server is
//! not the primary, is dropped and not used again; so are all that were made before the shared connection was made anew.

use super::connector::{Connector, OpenError};
use super::failure::{Failure, Fate, fate, store_error};
use super::options::RedisOptions;
use super::shared_connection::Connection;
use deadpool::Runtime;
use deadpool::managed::{
    self, Metrics, Object, PoolConfig, PoolError, RecycleError, RecycleResult, Timeouts,
};
use deadpool_redis::redis::aio::ConnectionLike as _;
use deadpool_redis::redis::{self, Cmd, RedisError, Value};
use passerby_application::ports::StoreError;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The pool.
pub(super) struct Pool {
    connections: managed::Pool<Maker>,
    age: Arc<AtomicU64>,
    response_timeout: Duration,
}

/// Why the pool gives no answer.
pub(super) enum Refusal {
    /// It has no connection.
    Pool(StoreError),
    /// Redis refuses.
    Redis(RedisError),
}

impl Refusal {
    pub(super) fn into_store_error(self) -> StoreError {
        match self {
            Self::Pool(error) => error,
            Self::Redis(error) => store_error(&error),
        }
    }
}

struct Maker {
    connector: Arc<Connector>,
    /// The number of the shared connection. What is older than that is not used again.
    age: Arc<AtomicU64>,
    response_timeout: Duration,
}

struct Pooled {
    connection: Connection,
    age: u64,
}

impl managed::Manager for Maker {
    type Type = Pooled;
    type Error = RedisError;

    async fn create(&self) -> Result<Pooled, RedisError> {
        let age = self.age.load(Ordering::Acquire);
        let (connection, _) = self.connector.connect(self.response_timeout).await?;
        Ok(Pooled { connection, age })
    }

    async fn recycle(&self, pooled: &mut Pooled, _: &Metrics) -> RecycleResult<RedisError> {
        if pooled.age != self.age.load(Ordering::Acquire) {
            return Err(RecycleError::message("made before the way to redis changed"));
        }
        let ping = redis::cmd("PING");
        ping.query_async::<()>(&mut pooled.connection).await?;
        Ok(())
    }
}

impl Pool {
    pub(super) fn new(options: &RedisOptions, connector: Arc<Connector>) -> Result<Self, OpenError> {
        let age = Arc::new(AtomicU64::new(0));
        let maker = Maker {
            connector,
            age: Arc::clone(&age),
            response_timeout: options.response_timeout,
        };
        let max_size = options
            .pool_size
            .map_or_else(|| PoolConfig::default().max_size, NonZeroUsize::get);
        let connections = managed::Pool::builder(maker)
            .max_size(max_size)
            .timeouts(Timeouts {
                wait: Some(options.pool_wait_timeout),
                create: Some(options.connect_timeout),
                recycle: Some(options.recycle_timeout),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| OpenError::Pool)?;
        Ok(Self {
            connections,
            age,
            response_timeout: options.response_timeout,
        })
    }

    /// All connections made so far are not used again.
    pub(super) fn renew(&self, age: u64) {
        self.age.store(age, Ordering::Release);
    }

    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Refusal> {
        let mut pooled = self.connections.get().await.map_err(|error| match error {
            PoolError::Timeout(managed::TimeoutType::Wait) => {
                Refusal::Pool(StoreError::Unavailable(Failure::PoolBusy.into()))
            }
            PoolError::Timeout(_) => Refusal::Pool(StoreError::Unavailable(Failure::Slow.into())),
            PoolError::Backend(error) => Refusal::Redis(error),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Refusal::Pool(Failure::away())
            }
        })?;
        let asked = pooled.connection.req_packed_command(command);
        let answer = super::connector::within(self.response_timeout, asked).await;
        answer.and_then(Value::extract_error).map_err(|error| {
            if fate(&error) != Fate::Kept {
                drop(Object::take(pooled));
            }
            Refusal::Redis(error)
        })
    }
}
