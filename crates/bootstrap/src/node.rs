//! A node from its start to its end.
//!
//! Start: take the sockets, put the node together, say so. End: on the first signal (or an operator's order) everybody
//! is sent away politely; on the second, or when the time for that is over, the process ends as it is.

use crate::lifecycle::{Clockwork, drain};
use crate::resources;
use crate::settings::{Backend, Settings};
use crate::telemetry;
use crate::upkeep::{Alone, Upkeep};
use crate::wiring::{self, WiringError};
use passerby_application::ports::Ports;
use passerby_websocket::{Connection, Readiness, Server};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many connections may wait to be taken: a storm of them is not turned away by the kernel.
const BACKLOG: u32 = 4096;
/// How long tasks may take to end after everybody was sent away.
const LAST_BREATH: Duration = Duration::from_secs(3);

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The runtime could not be made.
    #[error("the runtime could not be made")]
    Runtime(#[source] io::Error),
    /// A listener's address cannot be had.
    #[error("cannot listen on {address} ({key})")]
    Listen {
        /// The setting that asks for it.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The node could not be put together.
    #[error("the node could not be put together")]
    Wiring(#[source] WiringError),
    /// The ready file could not be written.
    #[error("cannot write the ready file {}", path.display())]
    ReadyFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Signals could not be listened for.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}

/// Where a node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The public listener.
    pub http: SocketAddr,
    /// The admin listener.
    pub admin: SocketAddr,
}

/// Serves until the process is told to end: the exit code is 0 then, and 1 if the node did not start.
pub fn serve(settings: &Settings, ready_file: Option<&Path>) -> ExitCode {
    match try_serve(settings, ready_file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "the node did not start");
            ExitCode::FAILURE
        }
    }
}

fn try_serve(settings: &Settings, ready_file: Option<&Path>) -> Result<(), StartError> {
    resources::prepare(settings);
    if settings.identity.is_weak() {
        tracing::warn!("identity.secret is short: whoever guesses it can tell addresses from hashes");
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = settings.runtime.worker_threads {
        builder.worker_threads(threads.get() as usize);
    }
    let runtime = builder
        .enable_all()
        .thread_name("passerby")
        .build()
        .map_err(StartError::Runtime)?;
    let served = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(StartError::Signals)?;
        let tell = |addresses: Addresses| match ready_file {
            Some(path) => write_ready_file(path, addresses).map_err(|source| StartError::ReadyFile {
                path: path.to_owned(),
                source,
            }),
            None => Ok(()),
        };
        // The same signal twice: first please, then now.
        let (first, asked) = tokio::sync::oneshot::channel();
        let second = async move {
            signals.next().await;
            // The node may have stopped listening for it already, and for good.
            let _ = first.send(());
            signals.next().await;
        };
        let node = run(settings, tell, async { drop(asked.await) });
        tokio::select! {
            served = node => served,
            () = second => {
                tracing::warn!("told again to stop: ending at once");
                Ok(())
            }
        }
    });
    // Whatever has not ended by now is not waited for.
    runtime.shutdown_background();
    served
}

/// Runs a node on the current runtime.
///
/// `ready` is told where it listens. When `stop` completes everybody is sent away; after the time for that the node
/// ends. Dropping the future ends it at once.
///
/// # Errors
/// [`StartError`], before it serves anybody.
pub async fn run(
    settings: &Settings,
    ready: impl FnOnce(Addresses) -> Result<(), StartError>,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let http = listen("http.listen", settings.http.listen)?;
    let admin = listen("admin.listen", settings.admin.listen)?;
    let addresses = Addresses {
        http: http.local_addr().unwrap_or(settings.http.listen),
        admin: admin.local_addr().unwrap_or(settings.admin.listen),
    };
    let sockets = Sockets {
        http,
        admin,
        addresses,
    };
    match settings.store.backend {
        Backend::Memory => {
            let node = wiring::wire_single(settings).map_err(StartError::Wiring)?;
            run_node(settings, sockets, node, Alone, ready, stop).await
        }
        Backend::Redis => {
            let (node, company) = wiring::wire_shared(settings).map_err(StartError::Wiring)?;
            run_node(settings, sockets, node, company, ready, stop).await
        }
    }
}

/// The listeners of a node.
struct Sockets {
    http: TcpListener,
    admin: TcpListener,
    addresses: Addresses,
}

async fn run_node<P: Ports<Wire = Connection>, K: Upkeep<P>>(
    settings: &Settings,
    sockets: Sockets,
    node: wiring::Node<P>,
    upkeep: K,
    ready: impl FnOnce(Addresses) -> Result<(), StartError>,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let Sockets {
        http,
        admin,
        addresses,
    } = sockets;
    let tasks = TaskTracker::new();
    let end = CancellationToken::new();
    let drain_order = CancellationToken::new();
    register_sources(&node);

    let last_words = upkeep.begin(&node, &tasks, &end);
    let clockwork = Clockwork::new(node.chat.clone());
    tasks.spawn(end.clone().run_until_cancelled_owned(clockwork.reap()));
    let state = wiring::admin_state(settings, &node, drain_order.clone());
    tasks.spawn(passerby_admin::serve(admin, state, end.clone()));
    let server = Server::new(
        http,
        node.front.clone(),
        node.chat.clone(),
        node.gate.clone(),
        tasks.clone(),
    );
    tasks.spawn(server.run(end.clone(), end.clone()));

    node.gate.change(Readiness::Starting, K::AT_FIRST);
    ready(addresses)?;
    tracing::info!(http = %addresses.http, admin = %addresses.admin, version = wiring::VERSION,
        node = node.chat.options().node.as_str(), "listening: open http://{}/", addresses.http);

    tokio::select! {
        () = stop => {}
        () = drain_order.cancelled() => {}
    }
    tracing::info!("draining: sending everybody away");
    node.gate.set(Readiness::Draining);
    drain(&node.chat, &node.gate, &settings.session).await;
    last_words.await;
    end.cancel();
    tasks.close();
    // Connections that are being closed get a moment to let their last words arrive.
    if tokio::time::timeout(LAST_BREATH, tasks.wait()).await.is_err() {
        tracing::debug!("some connections did not close in time");
    }
    tracing::info!("ended");
    Ok(())
}

/// Metrics that are kept outside the admin crate.
fn register_sources<P: Ports>(node: &wiring::Node<P>) {
    let gate = node.gate.clone();
    let ready = node.metrics.register_gauge_source(
        "passerby_ready",
        "1 while new connections are welcome, as /readyz says",
        move || u64::from(gate.readiness() == Readiness::Ready),
    );
    let gate = node.gate.clone();
    let connections = node.metrics.register_gauge_source(
        "passerby_connections",
        "WebSocket connections of this node",
        move || gate.connections() as u64,
    );
    let dropped = node.metrics.register_counter_source(
        "passerby_log_lines_dropped",
        "Lines of the log that were dropped because nobody took them",
        telemetry::dropped_lines,
    );
    if ready.and(connections).and(dropped).is_err() {
        tracing::warn!("a metric could not be registered");
    }
}

fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let try_listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A node that was just stopped must not keep the next one from its address.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    try_listen().map_err(|source| StartError::Listen { key, address, source })
}

/// Written under another name first, so that whoever waits for the file finds all of it.
fn write_ready_file(path: &Path, addresses: Addresses) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let text = format!(
        "{{\"http\":\"{}\",\"admin\":\"{}\"}}\n",
        addresses.http, addresses.admin
    );
    std::fs::write(&partial, text)?;
    std::fs::rename(&partial, path)
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
