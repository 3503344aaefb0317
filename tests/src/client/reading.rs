//! The task that owns a client's socket: it reads all the time and writes what it is handed.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::event::Event;
use crate::ledger::Ledger;
use crate::raw::end_with_reset;

/// What the task is told to do.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Text frames, in one packet.
    Texts(Vec<String>),
    /// A close frame with this code, or without one.
    Close(Option<u16>),
    /// End the connection with a TCP reset.
    Reset,
}

/// What the task tells.
#[derive(Debug)]
pub(super) enum Incoming {
    /// An event that breaks no rule.
    Event(Event),
    /// A rule was broken.
    Violation(String),
    /// The connection is over: the close code, if a close frame came.
    Closed(Option<u16>),
}

/// Serves the socket until it ends or both channels are gone.
pub(super) async fn run(
    mut socket: WebSocketStream<TcpStream>,
    mut ledger: Ledger,
    mut outgoing: UnboundedReceiver<Outgoing>,
    incoming: UnboundedSender<Incoming>,
) {
    let (mut code, mut statistics) = (None, Statistics::default());
    loop {
        tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => {
                    let told = judged(&mut ledger, &text);
                    let _ = incoming.send(told.and_then(|event| statistics.take(event)).into());
                }
                Some(Ok(Message::Close(frame))) => code = frame.map(|frame| u16::from(frame.code)),
                Some(Ok(Message::Binary(_))) => {
                    let _ = incoming.send(Incoming::Violation("a binary frame from the server".to_owned()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    if let Error::Protocol(_) | Error::Utf8(_) | Error::Capacity(_) = &error
                        && !error.to_string().contains("without closing handshake")
                    {
                        let _ = incoming.send(Incoming::Violation(error.to_string()));
                    }
                    break;
                }
                None => break,
            },
            command = outgoing.recv() => match command {
                Some(Outgoing::Texts(texts)) => {
                    for text in texts {
                        let _ = socket.feed(Message::text(text)).await;
                    }
                    let _ = socket.flush().await;
                }
                Some(Outgoing::Close(code)) => {
                    let frame = code.map(|code| CloseFrame { code: code.into(), reason: "".into() });
                    let _ = socket.close(frame).await;
                }
                Some(Outgoing::Reset) => {
                    end_with_reset(socket.get_ref());
                    break;
                }
                None => break,
            },
        }
    }
    drop(socket);
    let _ = incoming.send(Incoming::Closed(code));
}

impl From<Result<Event, String>> for Incoming {
    fn from(judged: Result<Event, String>) -> Self {
        match judged {
            Ok(event) => Self::Event(event),
            Err(what) => Self::Violation(what),
        }
    }
}

/// Watches that `stats` come at most every five seconds.
#[derive(Debug, Default)]
struct Statistics {
    last: Option<Instant>,
}

/// What is left of five seconds when the first of two events was read late, on a machine that does much beside.
const STATISTICS_APART: Duration = Duration::from_secs(2);

impl Statistics {
    fn take(&mut self, event: Event) -> Result<Event, String> {
        if event.kind() == "stats" {
            let last = self.last.replace(event.at);
            if last.is_some_and(|last| event.at - last < STATISTICS_APART) {
                return Err("`stats` came twice within five seconds".to_owned());
            }
        }
        Ok(event)
    }
}

fn judged(ledger: &mut Ledger, text: &str) -> Result<Event, String> {
    let at = Instant::now();
    let body = serde_json::from_str::<Value>(text).map_err(|_| format!("not JSON: {text}"))?;
    ledger.take(&body)?;
    Ok(Event { body, at })
}
