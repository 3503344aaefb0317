//! A server, and a way to it.

use passerby_redis::{Link, Redis, RedisMode, RedisOptions};
use passerby_tests::PATIENCE;
use passerby_tests::redis::{Cluster, Keeps, Standalone};
use std::sync::LazyLock;
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Where everything runs, whichever thread asks.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Runs a case there.
pub(crate) fn run<F: Future>(case: F) -> F::Output {
    RUNTIME.block_on(case)
}

/// Runs what stays on one thread, for a caller that may not.
pub(crate) async fn elsewhere<T: Send + 'static, F: Future<Output = T>>(
    work: impl FnOnce() -> F + Send + 'static,
) -> T {
    let working = tokio::task::spawn_blocking(|| Handle::current().block_on(work()));
    working.await.expect("the work is done")
}

/// A way to Redis, and what keeps it for as long as the test lasts.
pub(crate) struct Way {
    pub(crate) redis: Redis,
    keeper: JoinHandle<()>,
}

impl Way {
    /// Opens it, and waits until it leads somewhere.
    pub(crate) async fn open(options: &RedisOptions) -> Self {
        let way = Self::begin(options);
        way.is_up().await;
        way
    }

    /// Opens it, wherever it leads.
    pub(crate) fn begin(options: &RedisOptions) -> Self {
        let (redis, keeper) = Redis::open(options).expect("the options are fit for use");
        Self {
            redis,
            keeper: tokio::spawn(keeper.run()),
        }
    }

    /// Waits until Redis can be asked.
    pub(crate) async fn is_up(&self) -> u64 {
        let mut link = self.redis.link();
        let up = link.wait_for(|link| matches!(link, Link::Up { .. }));
        match *timeout(PATIENCE, up)
            .await
            .expect("redis can be asked")
            .expect("a link")
        {
            Link::Up { epoch } => epoch,
            Link::Down => unreachable!("it was waited for"),
        }
    }

    /// Waits until Redis cannot be asked.
    pub(crate) async fn is_down(&self) {
        let mut link = self.redis.link();
        let down = link.wait_for(|link| *link == Link::Down);
        timeout(PATIENCE, down)
            .await
            .expect("redis is away")
            .expect("a link");
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// One server and the way to it.
pub(crate) struct Alone {
    pub(crate) way: Way,
    pub(crate) server: Standalone,
}

impl Alone {
    pub(crate) async fn start() -> Self {
        let server = elsewhere(|| Standalone::start(Keeps::Nothing)).await;
        let way = Way::open(&one(&server)).await;
        Self { way, server }
    }
}

/// A cluster and the way to it.
pub(crate) struct Many {
    pub(crate) way: Way,
    pub(crate) cluster: Cluster,
}

impl Many {
    pub(crate) async fn start(replicas: usize) -> Self {
        let cluster = elsewhere(move || Cluster::start(replicas)).await;
        let way = Way::open(&many(&cluster)).await;
        Self { way, cluster }
    }
}

/// How to reach a server.
pub(crate) fn one(server: &Standalone) -> RedisOptions {
    RedisOptions::standalone(format!("redis://{}", server.address()))
}

/// How to reach a cluster.
pub(crate) fn many(cluster: &Cluster) -> RedisOptions {
    RedisOptions {
        mode: RedisMode::Cluster,
        urls: cluster
            .addresses()
            .iter()
            .map(|address| format!("redis://{address}"))
            .collect(),
        ..RedisOptions::standalone("")
    }
}
