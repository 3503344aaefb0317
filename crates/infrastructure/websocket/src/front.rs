//! A connection while it speaks HTTP.

use crate::antechamber::Guest;
use crate::connection::Connection;
use crate::doorkeeper::{Doorkeeper, MAX_HEAD, MAX_LINES};
use crate::gate::Gate;
use crate::keeper::Keeper;
use crate::options::Options;
use crate::relay::{Relay, Serving};
use crate::routes;
use crate::upgrade::Upgrade;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use passerby_application::Chat;
use passerby_application::ports::Ports;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// How long a client may take to send a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may go on speaking HTTP.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a client that was refused may take to read why.
const LINGER: Duration = Duration::from_secs(1);

/// What all connections share.
pub(crate) struct Front<P: Ports> {
    pub(crate) chat: Arc<Chat<P>>,
    pub(crate) options: Arc<Options>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) keeper: Arc<Keeper<P>>,
    pub(crate) tasks: TaskTracker,
}

/// What becomes of a connection after HTTP.
struct Upgraded<P: Ports> {
    stream: TcpStream,
    /// Bytes that came behind the request: frames already.
    early: Vec<u8>,
    upgrade: Upgrade<P>,
}

/// Serves one connection from its first byte to its last.
///
/// It is a `guest` for as long as it speaks HTTP.
pub(crate) fn serve<P: Ports<Wire = Connection>>(
    front: Arc<Front<P>>,
    stream: TcpStream,
    peer: IpAddr,
    guest: Guest,
) -> Serving<P> {
    Serving::after(begin(front, stream, peer, guest))
}

/// How many bytes the task of one connection takes while it is served, beside its buffers and its seat.
///
/// It is what a node pays for each user who is silent, so the suites hold it small.
#[must_use]
pub fn connection_task_bytes<P: Ports<Wire = Connection>>() -> usize {
    size_of::<Serving<P>>()
}

async fn begin<P: Ports<Wire = Connection>>(
    front: Arc<Front<P>>,
    stream: TcpStream,
    peer: IpAddr,
    guest: Guest,
) -> Option<Relay<P>> {
    let spoken = timeout(HTTP_TIMEOUT, speak_http(&front, stream, peer)).await;
    if !guest.goes_on() {
        return None;
    }
    let Upgraded {
        stream,
        early,
        upgrade,
    } = spoken.ok()??;
    Relay::start(front, stream, early, upgrade).await
}

async fn speak_http<P: Ports>(front: &Arc<Front<P>>, stream: TcpStream, peer: IpAddr) -> Option<Upgraded<P>> {
    let granted = Mutex::new(None);
    let service = service_fn(|request| {
        let granted = &granted;
        // Boxed, since hyper hands the connection back only for futures that may be moved.
        Box::pin(async move {
            let mut upgrade = None;
            let answer = routes::answer(front, peer, request, &mut upgrade).await;
            *granted.lock().unwrap_or_else(PoisonError::into_inner) = upgrade;
            answer
        })
    });
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_headers(MAX_LINES)
        .max_buf_size(2 * MAX_HEAD)
        .half_close(false)
        .serve_connection(TokioIo::new(Doorkeeper::new(stream)), service);
    let outcome = poll_fn(|context| http.poll_without_shutdown(context)).await;
    let http1::Parts { io, read_buf, .. } = http.into_parts();
    let doorkeeper = io.into_inner();
    if let Some(problem) = doorkeeper.refusal() {
        let (mut stream, _) = doorkeeper.into_parts();
        // The client may be gone already, which is its own affair.
        let _ = stream.write_all(&problem.to_bytes()).await;
        hang_up(stream).await;
        return None;
    }
    let (stream, rest) = doorkeeper.into_parts();
    let upgrade = granted.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (outcome, upgrade) {
        (Ok(()), Some(upgrade)) => {
            let mut early = read_buf.to_vec();
            early.extend(rest);
            Some(Upgraded {
                stream,
                early,
                upgrade,
            })
        }
        (Ok(()), None) => {
            hang_up(stream).await;
            None
        }
        (Err(_), _) => None,
    }
}

/// Closes a connection so that the last answer arrives: a close with unread input would be a reset.
async fn hang_up(mut stream: TcpStream) {
    let lingered = async {
        stream.shutdown().await?;
        let mut sink = [0; 1024];
        // What an honest client still sends is little.
        for _ in 0..256 {
            if stream.read(&mut sink).await? == 0 {
                break;
            }
        }
        io::Result::Ok(())
    };
    // Whether the client hung up, broke off or took too long: the connection ends here.
    let _ = timeout(LINGER, lingered).await;
}
