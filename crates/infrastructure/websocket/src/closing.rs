//! The end of a connection: the last frames, and the patience to let them arrive.
//!
//! tungstenite sends no close frame for errors, and a socket that is closed with unread input answers with a reset
//! that may overtake what was written. So: write, shut the writing side, and read to the end for a little while.

use crate::connection::{Connection, Goodbye, LastWords};
use crate::encoder::{write_ban, write_control, write_event};
use passerby_application::Departure;
use passerby_application::ports::Farewell;
use passerby_protocol::{CloseCode, ErrorCode, Event, Refusal};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::Control;

/// How long the last frames may take to be written, and then how long the client may take to close its side.
const PATIENCE: Duration = Duration::from_millis(1_800);
/// So many bytes are read of a client that is hung up on as fast as they come: more than honest ones have on their way.
const AT_ONCE: usize = 1024 * 1024;
/// So many bytes are read in one go, and then, between two pauses.
const SINK: usize = 16 * 1024;
/// How long it is then not read: 64 KiB a second.
const PAUSE: Duration = Duration::from_millis(250);

/// How a connection ends.
pub(crate) enum Ending {
    /// The application, or the keeper, hangs up.
    Said(Box<LastWords>),
    /// The client said good-bye; this answers it.
    Left(Vec<u8>),
    /// The client closed the page; this answers it.
    PageClosed(Vec<u8>),
    /// The client closed for a reason of its own; this answers it.
    Closed(Vec<u8>),
    /// The connection broke.
    Lost,
    /// The client broke the rules of WebSocket.
    ProtocolError,
    /// It sent a binary message.
    Unsupported,
    /// It sent text that is not UTF-8.
    InvalidUtf8,
    /// It sent too big a frame or message.
    TooBig,
    /// It went on and on doing what it was refused.
    Policy,
    /// It gets no seat after all.
    TurnedAway,
}

impl Ending {
    /// What it means for the seat.
    pub(crate) fn departure(&self) -> Departure {
        match self {
            Self::Left(_) => Departure::Left,
            Self::PageClosed(_) => Departure::PageClosed,
            Self::Closed(_) | Self::Lost | Self::TurnedAway => Departure::Dropped,
            Self::ProtocolError | Self::Unsupported | Self::InvalidUtf8 | Self::TooBig | Self::Policy => {
                Departure::Expelled
            }
            Self::Said(words) => match words.why {
                Goodbye::NoSignOfLife => Departure::Dropped,
                Goodbye::Application(farewell) => match farewell {
                    Farewell::Banned(_) | Farewell::Kicked | Farewell::IdleTimeout => Departure::Expelled,
                    Farewell::Replaced
                    | Farewell::SlowConsumer
                    | Farewell::Restarting
                    | Farewell::Overloaded => Departure::Dropped,
                },
            },
        }
    }

    /// The last bytes on the connection.
    fn last_bytes(self) -> Vec<u8> {
        match self {
            Self::Lost => Vec::new(),
            Self::Left(answer) | Self::PageClosed(answer) | Self::Closed(answer) => answer,
            Self::ProtocolError => close(Vec::new(), CloseCode::ProtocolError),
            Self::Unsupported => close(Vec::new(), CloseCode::Unsupported),
            Self::InvalidUtf8 => close(Vec::new(), CloseCode::InvalidUtf8),
            Self::TooBig => close(Vec::new(), CloseCode::TooBig),
            Self::Policy => close(Vec::new(), CloseCode::Policy),
            Self::TurnedAway => close(Vec::new(), CloseCode::Overloaded),
            Self::Said(words) => {
                let LastWords { mut rest, why } = *words;
                let code = match why {
                    Goodbye::NoSignOfLife => CloseCode::NoSignOfLife,
                    Goodbye::Application(farewell) => match farewell {
                        Farewell::Replaced => CloseCode::Replaced,
                        Farewell::Banned(ban) => {
                            write_ban(&ban, &mut rest);
                            CloseCode::Banned
                        }
                        Farewell::Kicked => {
                            write_event(&Event::Error(Refusal::new(ErrorCode::Kicked)), None, &mut rest);
                            CloseCode::Removed
                        }
                        Farewell::IdleTimeout => CloseCode::Idle,
                        Farewell::SlowConsumer => CloseCode::SlowConsumer,
                        Farewell::Restarting => CloseCode::Restart,
                        Farewell::Overloaded => CloseCode::Overloaded,
                    },
                };
                close(rest, code)
            }
        }
    }
}

fn close(mut rest: Vec<u8>, code: CloseCode) -> Vec<u8> {
    let mut payload = code.number().to_be_bytes().to_vec();
    payload.extend_from_slice(code.reason().as_bytes());
    write_control(Control::Close, &payload, &mut rest);
    rest
}

/// Writes the last bytes, and closes when the client has, or after a while.
pub(crate) async fn finish(connection: &Connection, reader: &OwnedReadHalf, ending: Ending) {
    let last = ending.last_bytes();
    if !last.is_empty() {
        connection.make_room();
        // A client that is gone, or takes nothing, is not told.
        let _ = timeout(PATIENCE, connection.write_all(&last)).await;
    }
    connection.shut_down(Shutdown::Write);
    let _ = timeout(PATIENCE, read_to_end(reader)).await;
    // Wakes whoever still waits to write.
    connection.shut_down(Shutdown::Both);
}

/// Reads what was on its way, since closing a socket that has not read all resets it, and the client may lose the last
/// bytes. A client that goes on and on is read as slowly as one that sends nothing of use: it must not cost more by being
/// hung up on.
async fn read_to_end(reader: &OwnedReadHalf) {
    let mut at_once = AT_ONCE;
    while reader.readable().await.is_ok() {
        match read_away(reader) {
            Ok(0) => return,
            Ok(count) => at_once = at_once.saturating_sub(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(_) => return,
        }
        if at_once == 0 {
            sleep(PAUSE).await;
        }
    }
}

/// Not in the future above: thousands may be waiting at once for their clients to close.
fn read_away(reader: &OwnedReadHalf) -> io::Result<usize> {
    reader.try_read(&mut [0; SINK])
}
