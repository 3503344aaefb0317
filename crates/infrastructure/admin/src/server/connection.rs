//! One connection: one request, its answer, and an end that does not lose it.

use crate::api::{Answer, Api};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use passerby_application::ports::Ports;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long all of it may take, until the answer is written: what [`Api::answer`] takes at most, and as long again.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(20);

/// How long what the peer still sends is read and thrown away.
const LINGER: Duration = Duration::from_secs(2);

const MAX_HEADERS: usize = 64;

const BUFFER_BYTES: usize = 16 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve<P: Ports>(mut stream: TcpStream, api: Arc<Api<P>>, shutdown: CancellationToken) {
    let Ok(peer) = stream.peer_addr() else { return };
    let _ = stream.set_nodelay(true);
    let outcome = timeout(
        CONNECTION_TIMEOUT,
        exchange(&mut stream, peer.ip(), api, shutdown.clone()),
    )
    .await;
    if outcome.is_ok() {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = linger(stream) => {}
        }
    }
}

async fn exchange<P: Ports>(
    stream: &mut TcpStream,
    peer: IpAddr,
    api: Arc<Api<P>>,
    shutdown: CancellationToken,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let api = api.clone();
        async move { Ok::<Answer, Infallible>(api.answer(peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(BUFFER_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of an operator ended early");
    }
}

/// Reads on until the peer has seen the answer and hung up. A socket that is closed on unread bytes is reset, and
/// with it goes an answer that says why they were not wanted.
async fn linger(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut scrap = [0; 4 * 1024];
    let drain = async { while matches!(stream.read(&mut scrap).await, Ok(1..)) {} };
    let _ = timeout(LINGER, drain).await;
}
