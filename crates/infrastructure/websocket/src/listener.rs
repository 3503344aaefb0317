//! Taking connections.

use crate::antechamber::Antechamber;
use crate::connection::Connection;
use crate::front::{self, Front};
use crate::gate::Gate;
use crate::keeper::Keeper;
use crate::options::Options;
use passerby_application::Chat;
use passerby_application::ports::Ports;
use rustix::process::{Resource, getrlimit};
use socket2::SockRef;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many connections may be before their time as a WebSocket.
const MOST_GUESTS: usize = 16_384;
/// They are no more than this part of the descriptors that the process may have.
const GUESTS_SHARE: usize = 4;
/// How long to wait when the process is out of descriptors. Trying again at once would only burn a core.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// How many bytes the kernel may hold that it has not sent yet. With more, a client that does not read would be
/// noticed late, and the reason for hanging up on it would not fit.
const UNSENT_BYTES: u32 = 64 * 1024;

/// Why a server could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket could not be prepared.
    #[error("the public listener could not be prepared")]
    Socket(#[source] io::Error),
}

/// The public listener.
pub struct Server<P: Ports> {
    listener: TcpListener,
    antechamber: Arc<Antechamber>,
    front: Arc<Front<P>>,
}

/// Keeps the connections of a server. When it is dropped all of them are ended, also those that are being taken: requests
/// go unanswered, WebSocket connections are hung up on with 1012. Their tasks then end within seconds, or when the store
/// has taken the news.
#[must_use = "connections end when this is dropped"]
pub struct ConnectionsGuard<P: Ports> {
    antechamber: Arc<Antechamber>,
    keeper: Arc<Keeper<P>>,
}

impl<P: Ports> Drop for ConnectionsGuard<P> {
    fn drop(&mut self) {
        self.antechamber.close();
        self.keeper.close();
    }
}

impl<P: Ports> std::fmt::Debug for ConnectionsGuard<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionsGuard").finish_non_exhaustive()
    }
}

impl<P: Ports> std::fmt::Debug for Server<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl<P: Ports<Wire = Connection>> Server<P> {
    /// A server on `listener`. Every task it starts is counted in `tasks`.
    pub fn new(
        listener: TcpListener,
        options: Options,
        chat: Arc<Chat<P>>,
        gate: Arc<Gate>,
        tasks: TaskTracker,
    ) -> Self {
        let options = Arc::new(options);
        let keeper = Arc::new(Keeper::new(options.ping_interval, options.pong_timeout));
        Self {
            listener,
            antechamber: Antechamber::new(most_guests()),
            front: Arc::new(Front {
                chat,
                options,
                gate,
                keeper,
                tasks,
            }),
        }
    }

    /// What keeps its connections.
    pub fn guard(&self) -> ConnectionsGuard<P> {
        ConnectionsGuard {
            antechamber: self.antechamber.clone(),
            keeper: self.front.keeper.clone(),
        }
    }

    /// Takes connections until `stop`. Those that were taken go on, and are looked after until `end`; their tasks end
    /// by themselves once the application has hung up on them.
    pub async fn run(self, stop: CancellationToken, end: CancellationToken) {
        let keeper = self.front.keeper.clone();
        let chat = self.front.chat.clone();
        self.front
            .tasks
            .spawn(async move { keeper.run(&chat, &end).await });
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    if prepare(&stream).is_err() {
                        continue;
                    }
                    let guest = self.antechamber.enter();
                    let serving = front::serve(self.front.clone(), stream, peer.ip(), guest);
                    self.antechamber
                        .begins(self.front.tasks.spawn(serving).abort_handle());
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot take connections");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
            }
        }
    }
}

/// How many connections may speak HTTP at once.
fn most_guests() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let share = usize::try_from(descriptors).unwrap_or(usize::MAX) / GUESTS_SHARE;
    share.clamp(1, MOST_GUESTS)
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)
}

/// Whether only the connection that was about to be taken is broken.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
