//! Taking connections.

use crate::connection::Connection;
use crate::front::{self, Front};
use crate::gate::Gate;
use crate::keeper::Keeper;
use crate::options::Options;
use passerby_application::Chat;
use passerby_application::ports::Ports;
use socket2::SockRef;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many connections may be before or after their time as a WebSocket. A flood of sockets that say nothing is cut
/// off here, long before it takes what users need: each is closed after 5 s.
const HALF_OPEN: usize = 16_384;
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
    front: Arc<Front<P>>,
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
            front: Arc::new(Front {
                chat,
                options,
                gate,
                keeper,
                tasks,
            }),
        }
    }

    /// Takes connections until `stop`. Those that were taken go on, and are looked after until `end`; their tasks end
    /// by themselves once the application has hung up on them.
    pub async fn run(self, stop: CancellationToken, end: CancellationToken) {
        let keeper = self.front.keeper.clone();
        let chat = self.front.chat.clone();
        self.front
            .tasks
            .spawn(end.run_until_cancelled_owned(async move { keeper.run(&chat).await }));
        let half_open = Arc::new(Semaphore::new(HALF_OPEN));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Beyond the bound the socket is dropped, which the client sees as a reset.
                    let Ok(permit) = half_open.clone().try_acquire_owned() else {
                        continue;
                    };
                    if prepare(&stream).is_err() {
                        continue;
                    }
                    self.front
                        .tasks
                        .spawn(front::serve(self.front.clone(), stream, peer.ip(), permit));
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
