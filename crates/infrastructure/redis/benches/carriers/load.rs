//! Messages that go to and fro, and what they cost.

use crate::carrier::{End, Kind, Side, Take};
use passerby_redis::client::{Client, cmd};
use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// What one run found. Microseconds.
pub(crate) struct Figures {
    /// Of CPU time, for one message carried.
    pub(crate) redis: f64,
    pub(crate) nodes: f64,
    /// One way.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Messages carried in a second.
    pub(crate) rate: f64,
    /// Messages in a batch.
    pub(crate) batch: f64,
}

/// The other node: sends back whatever comes.
pub(crate) async fn echo(kind: Kind, url: &str) {
    let end: Arc<OnceLock<End>> = Arc::default();
    let own = Arc::clone(&end);
    let take: Take = Arc::new(move |number, stamp| {
        if let Some(end) = own.get() {
            let _ = end.send(number, stamp);
        }
    });
    let opened = End::open(kind, url, Side::There, take).await;
    let _ = end.set(opened);
    std::future::pending::<()>().await;
}

struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets `crowd` messages go to and fro for a while.
pub(crate) async fn measure(kind: Kind, address: SocketAddr, crowd: usize, span: Duration) -> Figures {
    let url = format!("redis://{address}");
    let program = std::env::current_exe().expect("a program");
    let other = Command::new(program)
        .args(["echo", kind.name(), &url])
        .stdout(Stdio::null())
        .spawn()
        .expect("the other node starts");
    let other = Other(other);
    let begin = Instant::now();
    let now = move || u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let end: Arc<OnceLock<End>> = Arc::default();
    let (own, came, counts) = (
        Arc::clone(&end),
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let trips = Arc::new(Mutex::new(Vec::with_capacity(1 << 20)));
    let take: Take = {
        let (came, counts, trips) = (Arc::clone(&came), Arc::clone(&counts), Arc::clone(&trips));
        Arc::new(move |number, stamp| {
            if counts.load(Ordering::Relaxed) {
                came.fetch_add(1, Ordering::Relaxed);
                let mut trips = trips.lock().expect("nobody panics with it");
                if trips.len() < trips.capacity() {
                    trips.push(now() - stamp);
                }
            }
            if let Some(end) = own.get() {
                let _ = end.send(number, now());
            }
        })
    };
    let opened = End::open(kind, &url, Side::Here, take).await;
    let _ = end.set(opened.clone());
    // The other node may not be there yet, and forgets what came before.
    sleep(Duration::from_millis(700)).await;
    for number in 0..crowd as u64 {
        opened.send(number, now()).expect("there is room");
    }
    sleep(Duration::from_millis(500)).await;
    let mut connection = Client::open(url.as_str())
        .expect("an address")
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    counts.store(true, Ordering::Relaxed);
    let (start, batches) = (Instant::now(), opened.batches());
    let before = (
        redis_micros(&mut connection).await,
        process_micros("self"),
        process_micros(&other.0.id().to_string()),
    );
    sleep(span).await;
    let after = (
        redis_micros(&mut connection).await,
        process_micros("self"),
        process_micros(&other.0.id().to_string()),
    );
    counts.store(false, Ordering::Relaxed);
    let (seconds, batches) = (start.elapsed().as_secs_f64(), opened.batches() - batches);
    let returned = came.load(Ordering::Relaxed) as f64;
    assert!(returned > 0.0, "nothing came back by {}", kind.name());
    // There and back.
    let messages = 2.0 * returned;
    let mut trips = std::mem::take(&mut *trips.lock().expect("nobody panics with it"));
    trips.sort_unstable();
    let one_way = |percent: usize| trips[(trips.len() - 1) * percent / 100] as f64 / 2_000.0;
    Figures {
        redis: (after.0 - before.0) / messages,
        nodes: (after.1 - before.1 + after.2 - before.2) / messages,
        p50: one_way(50),
        p99: one_way(99),
        rate: messages / seconds,
        batch: returned / batches as f64,
    }
}

/// What the server has worked.
async fn redis_micros(connection: &mut passerby_redis::client::aio::MultiplexedConnection) -> f64 {
    let info: String = cmd("INFO")
        .arg("cpu")
        .query_async(connection)
        .await
        .expect("an answer");
    let seconds = |field: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|value| value.trim().parse::<f64>().ok())
            .expect("a number")
    };
    (seconds("used_cpu_sys:") + seconds("used_cpu_user:")) * 1e6
}

/// What all threads of a process have worked.
fn process_micros(process: &str) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("a process");
    let worked = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    worked.sum::<f64>() / 1_000.0
}
