//! An echo server on this crate's own socket code: what the WebSocket conformance suite talks to.
//!
//! Handshake, frames and closing are those of the product; only what a message means differs. It has no limits, so it is
//! never to be served from.

use crate::closing::{self, Ending};
use crate::connection::Connection;
use crate::doorkeeper::Doorkeeper;
use crate::encoder::write_data;
use crate::engine::{PeerClose, Received};
use crate::intake::{Audience, Heard, Intake};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;
use tokio_util::task::TaskTracker;

/// Echoes every message of at most `max_bytes` to whoever sent it, for ever.
///
/// # Errors
/// When no more connections can be taken.
pub async fn serve(listener: TcpListener, max_bytes: usize) -> io::Result<()> {
    let tasks = TaskTracker::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let connection_tasks = tasks.clone();
        tasks.spawn(async move {
            if let Some((stream, early)) = upgrade(stream).await {
                echo(stream, early, max_bytes, connection_tasks).await;
            }
        });
    }
}

async fn upgrade(stream: TcpStream) -> Option<(TcpStream, Vec<u8>)> {
    let service = service_fn(|request: Request<Incoming>| {
        Box::pin(async move {
            create_response_with_body(&request, Full::<Bytes>::default)
                .or_else(|_| Response::builder().status(400).body(Full::default()))
        })
    });
    let doorkeeper = TokioIo::new(Doorkeeper::new(stream));
    let mut http = http1::Builder::new().serve_connection(doorkeeper, service);
    poll_fn(|context| http.poll_without_shutdown(context))
        .await
        .ok()?;
    let parts = http.into_parts();
    let (stream, rest) = parts.io.into_inner().into_parts();
    // The doorkeeper leaves the answer to be sent with what follows. Here the client has to speak first, and this sends it.
    stream.set_nodelay(true).ok()?;
    Some((stream, [&parts.read_buf[..], &rest].concat()))
}

async fn echo(stream: TcpStream, early: Vec<u8>, max_bytes: usize, tasks: TaskTracker) {
    let (reader, writer) = stream.into_split();
    let connection = Arc::new(Connection::new(writer, tasks));
    let mut intake = Intake::new(reader, early);
    loop {
        let heard = poll_fn(|context| intake.poll(context, max_bytes, &mut Echo)).await;
        let ending = match heard {
            Heard::Pause(Reply::Bytes(bytes)) if connection.write_all(&bytes).await.is_ok() => continue,
            Heard::Pause(Reply::Bytes(_)) | Heard::Lost => Ending::Lost,
            Heard::Pause(Reply::End(ending)) => ending,
        };
        return closing::finish(&connection, &intake.reader, ending).await;
    }
}

struct Echo;

enum Reply {
    Bytes(Vec<u8>),
    End(Ending),
}

impl Audience for Echo {
    type Pause = Reply;

    fn receive(&mut self, received: Received, answers: Vec<u8>, _: usize) -> Option<Reply> {
        let mut frame = Vec::new();
        match received {
            Received::Text(text) => write_data(Data::Text, text.as_bytes(), &mut frame),
            Received::Binary(bytes) => write_data(Data::Binary, &bytes, &mut frame),
            Received::Ping => frame = answers,
            Received::Pong | Received::Fragment => return None,
            Received::Close(PeerClose::Normal | PeerClose::GoingAway | PeerClose::Other) => {
                return Some(Reply::End(Ending::Closed(answers)));
            }
            Received::Violation(violation) => return Some(Reply::End(violation.into())),
        }
        Some(Reply::Bytes(frame))
    }
}
