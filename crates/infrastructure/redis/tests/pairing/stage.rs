//! Servers that all cases of this program share, and nodes that pair by them.
//!
//! Each case has a prefix of its own for its keys. The servers live for as long as a case uses them.

use passerby_application::ports::{Clock, PairingRules};
use passerby_domain::id::Incarnation;
use passerby_domain::time::Millis;
use passerby_redis::seal::Secrets;
use passerby_redis::time::RedisTime;
use passerby_redis::{Link, PairingOptions, Redis, RedisMode, RedisOptions, RedisPairing, TimeSource};
use passerby_tests::PATIENCE;
use passerby_tests::redis::{Cluster, Keeps, Standalone};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Where everything runs, whichever thread asks.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Runs a case there.
pub(crate) fn run<F: Future>(case: F) -> F::Output {
    RUNTIME.block_on(case)
}

/// How long a seat is held in these tests.
pub(crate) const GRACE: Millis = Millis::from_secs(20);

/// Servers that cases share.
pub(crate) enum Servers {
    Alone(Arc<Mutex<Standalone>>),
    Many(Cluster),
}

impl Servers {
    /// One server.
    pub(crate) fn alone() -> Arc<Self> {
        static SHARED: Mutex<Weak<Servers>> = Mutex::new(Weak::new());
        share(&SHARED, Self::start_alone)
    }

    /// A cluster.
    pub(crate) fn many() -> Arc<Self> {
        static SHARED: Mutex<Weak<Servers>> = Mutex::new(Weak::new());
        share(&SHARED, || Self::Many(run(Cluster::start(0))))
    }

    fn start_alone() -> Self {
        Self::Alone(Arc::new(Mutex::new(run(Standalone::start(Keeps::Nothing)))))
    }

    /// One server that no other case uses.
    pub(crate) async fn own_alone() -> (Arc<Self>, Arc<Mutex<Standalone>>) {
        let server = Arc::new(Mutex::new(Standalone::start(Keeps::Nothing).await));
        (Arc::new(Self::Alone(Arc::clone(&server))), server)
    }

    fn options(&self) -> RedisOptions {
        match self {
            Self::Alone(server) => {
                let address = server.lock().expect("no case panicked").address();
                RedisOptions::standalone(format!("redis://{address}"))
            }
            Self::Many(cluster) => RedisOptions {
                mode: RedisMode::Cluster,
                urls: cluster
                    .addresses()
                    .iter()
                    .map(|address| format!("redis://{address}"))
                    .collect(),
                ..RedisOptions::standalone("")
            },
        }
    }
}

fn share(shared: &Mutex<Weak<Servers>>, start: impl FnOnce() -> Servers + Send) -> Arc<Servers> {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(servers) = shared.upgrade() {
        return servers;
    }
    // A case runs on the runtime already, where nothing may block.
    let started = std::thread::scope(|threads| threads.spawn(|| Arc::new(start())).join());
    let servers = started.expect("the servers start");
    *shared = Arc::downgrade(&servers);
    servers
}

/// A way to the servers with keys of its own.
pub(crate) struct Way {
    pub(crate) redis: Redis,
    _servers: Arc<Servers>,
    keeper: JoinHandle<()>,
}

impl Way {
    pub(crate) async fn open(servers: Arc<Servers>) -> Self {
        static CASES: AtomicU64 = AtomicU64::new(0);
        let options = RedisOptions {
            key_prefix: format!("case{}", CASES.fetch_add(1, Ordering::Relaxed)),
            ..servers.options()
        };
        let (redis, keeper) = Redis::open(&options).expect("the options are fit for use");
        let way = Self {
            redis,
            _servers: servers,
            keeper: tokio::spawn(keeper.run()),
        };
        way.is_up().await;
        way
    }

    /// Waits until Redis can be asked.
    pub(crate) async fn is_up(&self) {
        let mut link = self.redis.link();
        let up = link.wait_for(|link| matches!(link, Link::Up { .. }));
        timeout(PATIENCE, up)
            .await
            .expect("redis can be asked")
            .expect("a link");
    }

    /// The pairing store of one node.
    pub(crate) fn node(
        &self,
        life: u64,
        rules: PairingRules,
        clock: Arc<dyn Clock>,
        time: TimeSource,
    ) -> RedisPairing {
        self.node_that_keeps(GRACE, life, rules, clock, time)
    }

    /// The same, where seats are held for as long as that.
    pub(crate) fn node_that_keeps(
        &self,
        longest_grace: Millis,
        life: u64,
        rules: PairingRules,
        clock: Arc<dyn Clock>,
        time: TimeSource,
    ) -> RedisPairing {
        let secrets = Secrets {
            current: b"a secret that all nodes share",
            previous: &[],
        };
        let options = PairingOptions {
            rules,
            incarnation: Incarnation::from_bits(life),
            longest_grace,
            time,
        };
        RedisPairing::new(
            self.redis.clone(),
            secrets,
            Arc::new(RedisTime::new(clock)),
            options,
        )
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}
