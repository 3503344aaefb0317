//! An open connection.
//!
//! **Architecture Invariants:** whatever ends a connection is told once, as an [`Ending`]. Pings are answered by
//! tungstenite while somebody reads.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

/// How long a good-bye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// The server closed it with this code.
    Code(u16),
    /// The server's close frame had no code.
    NoCode,
    /// It broke, without a close frame (what programs call 1006).
    Broken,
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "closed with {code}"),
            Self::NoCode => formatter.write_str("closed without a code"),
            Self::Broken => formatter.write_str("broken"),
        }
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    ending: Option<Ending>,
}

impl Socket {
    pub(crate) fn new(stream: WebSocketStream<TcpStream>) -> Self {
        Self { stream, ending: None }
    }

    /// The next frame of text, or how the connection ended. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes, Ending> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => {
                    let ending = frame.map_or(Ending::NoCode, |frame| Ending::Code(frame.code.into()));
                    self.ending = Some(ending);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(self.ending.unwrap_or(Ending::Broken)),
            }
        }
    }

    /// Sends a command. That the connection has ended is told by [`Socket::next`].
    pub(crate) async fn send(&mut self, command: Bytes) {
        // Commands are written as text, so they are.
        if let Ok(text) = Utf8Bytes::try_from(command) {
            let _ = self.stream.send(Message::Text(text)).await;
        }
    }

    /// Says good-bye for good, and waits a moment for the answer.
    pub(crate) async fn goodbye(mut self) {
        let frame = CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::from_static(""),
        };
        let closing = async {
            if self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = tokio::time::timeout(GOODBYE, closing).await;
    }

    /// Ends the connection as a crash of the client's machine's network does: by a reset, without a word.
    pub(crate) fn reset(self) {
        let socket = SockRef::from(self.stream.get_ref());
        // If the system does not want to, the connection is closed in the ordinary way.
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
}
