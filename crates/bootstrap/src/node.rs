//! A node from its start to its end, inside whatever program runs it.
//!
//! Start: take the sockets, put the node together; whoever started it learns where it listens before anybody is served.
//! End: when it is asked to, or by an operator's order, everybody is sent away politely; when its future is dropped,
//! everybody is hung up on.
//!
//! **Architecture Invariants.** Nothing that a node starts goes on without it. Nothing here belongs to the process:
//! signals, files, threads and the log are `serve`'s.

use crate::lifecycle::{Clockwork, drain};
use crate::settings::{Backend, CheckedSettings, SessionSettings};
use crate::telemetry;
use crate::upkeep::{Alone, Upkeep};
use crate::wiring::{self, Company, Parts, SharedNode, SingleNode, WiringError};
use passerby_admin::AdminState;
use passerby_application::ports::Ports;
use passerby_websocket::{Connection, Readiness, Server};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many connections may wait to be taken: a storm of them is not turned away by the kernel.
const BACKLOG: u32 = 4096;
/// How long tasks may take to end after everybody was sent away.
const LAST_BREATH: Duration = Duration::from_secs(3);

/// Why a node could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
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
}

/// Where a node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The public listener.
    pub http: SocketAddr,
    /// The admin listener.
    pub admin: SocketAddr,
}

/// A whole node: it has its listeners, and serves nobody until it is [run](Self::run).
///
/// Whoever connects before waits. Dropping the node closes the listeners.
pub struct Node {
    addresses: Addresses,
    kind: Kind,
}

enum Kind {
    Single(Box<Whole<SingleNode, Alone>>),
    Shared(Box<Whole<SharedNode, Company>>),
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Takes the listeners and puts the node together. Nothing is asked of Redis yet, so one that is away is no error.
    ///
    /// # Errors
    /// [`StartError`]; nothing listens then.
    ///
    /// # Panics
    /// Outside a tokio runtime, or in one without I/O.
    pub fn open(settings: &CheckedSettings) -> Result<Self, StartError> {
        if settings.identity.is_weak() {
            tracing::warn!("identity.secret is short: whoever guesses it can tell addresses from hashes");
        }
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
        let kind = match settings.store.backend {
            Backend::Memory => {
                let parts = wiring::wire_single(settings).map_err(StartError::Wiring)?;
                Kind::Single(Box::new(Whole::new(settings, sockets, parts, Alone)))
            }
            Backend::Redis => {
                let (parts, company) = wiring::wire_shared(settings).map_err(StartError::Wiring)?;
                Kind::Shared(Box::new(Whole::new(settings, sockets, parts, company)))
            }
        };
        Ok(Self { addresses, kind })
    }

    /// Where it listens: the ports are those that were picked where the settings say 0.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves, on the current runtime, whose timers it needs.
    ///
    /// When `stop` completes, or an operator orders it, everybody is sent away as the settings of `session` say, and it
    /// is over when the last is gone or the time for that is. Nothing of the node is left then.
    ///
    /// Dropping the future, at any time, ends the node at once: the listeners are closed, and everybody is hung up on with
    /// 1012 and not heard any more. Tasks of connections end within seconds, since clients get a moment to read that and the
    /// store to take what it is told; a request of an operator that is under way gets its answer. No other node is told:
    /// those that share its store find out by its silence.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        match self.kind {
            Kind::Single(whole) => whole.run(stop).await,
            Kind::Shared(whole) => whole.run(stop).await,
        }
    }
}

/// The listeners of a node.
struct Sockets {
    http: TcpListener,
    admin: TcpListener,
    addresses: Addresses,
}

/// All there is of a node with these adapters.
struct Whole<P: Ports, K> {
    sockets: Sockets,
    parts: Parts<P>,
    upkeep: K,
    admin_state: AdminState<P>,
    drain_order: CancellationToken,
    session: SessionSettings,
}

impl<P: Ports<Wire = Connection>, K: Upkeep<P>> Whole<P, K> {
    fn new(settings: &CheckedSettings, sockets: Sockets, parts: Parts<P>, upkeep: K) -> Self {
        let drain_order = CancellationToken::new();
        Self {
            sockets,
            admin_state: wiring::admin_state(settings, &parts, drain_order.clone()),
            parts,
            upkeep,
            drain_order,
            session: settings.session.clone(),
        }
    }

    async fn run(self, stop: impl Future<Output = ()>) {
        let Self {
            sockets,
            parts,
            upkeep,
            admin_state,
            drain_order,
            session,
        } = self;
        let Sockets {
            http,
            admin,
            addresses,
        } = sockets;
        let tasks = TaskTracker::new();
        let end = CancellationToken::new();
        // However this future ends, what it has started ends with it.
        let _end = end.clone().drop_guard();
        register_sources(&parts);

        // First, since whoever was told where the node listens may have come already.
        parts.gate.change(Readiness::Starting, K::AT_FIRST);
        let last_words = upkeep.begin(&parts, &tasks, &end);
        let clockwork = Clockwork::new(parts.chat.clone());
        tasks.spawn(end.clone().run_until_cancelled_owned(clockwork.reap()));
        tasks.spawn(passerby_admin::serve(admin, admin_state, end.clone()));
        let server = Server::new(
            http,
            parts.front.clone(),
            parts.chat.clone(),
            parts.gate.clone(),
            tasks.clone(),
        );
        let _connections = server.guard();
        tasks.spawn(server.run(end.clone(), end.clone()));
        tracing::info!(http = %addresses.http, admin = %addresses.admin, version = wiring::VERSION,
            node = parts.chat.options().node.as_str(), "listening: open http://{}/", addresses.http);

        tokio::select! {
            () = stop => {}
            () = drain_order.cancelled() => {}
        }
        tracing::info!("draining: sending everybody away");
        parts.gate.set(Readiness::Draining);
        drain(&parts.chat, &parts.gate, &session).await;
        last_words.await;
        end.cancel();
        tasks.close();
        // Connections that are being closed get a moment to let their last words arrive.
        if tokio::time::timeout(LAST_BREATH, tasks.wait()).await.is_err() {
            tracing::debug!("some connections did not close in time");
        }
        tracing::info!("ended");
    }
}

/// Metrics that are kept outside the admin crate.
fn register_sources<P: Ports>(node: &Parts<P>) {
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

#[cfg(test)]
mod tests;
