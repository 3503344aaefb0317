//! Frames taken apart by `tungstenite`, without a buffer for each connection.
//!
//! Nearly every frame that comes is whole, final and small. Such a frame is given to an engine that all connections
//! of a thread share: it has no memory of the frames before, so whose they were does not matter. Whatever needs a
//! memory (a fragment, a close) or is suspicious gives its connection an engine of its own, until the message is
//! whole.
//!
//! **Architecture Invariants.** The rules of RFC 6455 are tungstenite's; here is only what decides when a frame is
//! all there. An engine that has reported an error is never used again.

use bytes::Bytes;
use std::io::{self, Cursor, Read, Write};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, Utf8Bytes};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message};

/// What an engine reads at once, in bytes. It is reserved and zeroed on each read, so it is small; larger frames
/// grow the buffer for as long as they last.
const READ_BUFFER: usize = 512;
/// The answers that one frame may cause, in bytes: a pong, a close.
const ANSWERS: usize = 1024;

/// What one frame, or the last of several, amounts to.
#[derive(Debug)]
pub(crate) enum Received {
    /// A whole text message.
    Text(Utf8Bytes),
    /// A whole binary message.
    #[cfg_attr(
        not(feature = "echo"),
        expect(dead_code, reason = "only an echo looks into it")
    )]
    Binary(Bytes),
    /// A ping; the pong is in the answers.
    Ping,
    /// A pong.
    Pong,
    /// A part of a message.
    Fragment,
    /// A close; what is due for it is in the answers.
    Close(PeerClose),
    /// The connection must be failed.
    Violation(Violation),
}

/// How a client says good-bye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerClose {
    /// With 1000, or without a code.
    Normal,
    /// With 1001: the page is closed or reloaded.
    GoingAway,
    /// With any other code that may be sent.
    Other,
}

/// What a client did that the protocol does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// It broke the rules of WebSocket.
    Protocol,
    /// It sent text that is not UTF-8.
    Utf8,
    /// It sent a frame or a message that is too big.
    TooBig,
}

/// An engine, and what it wants to answer.
pub(crate) struct Engine {
    context: WebSocketContext,
    answers: Vec<u8>,
}

impl Engine {
    pub(crate) fn new(max_bytes: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(ANSWERS)
            .max_message_size(Some(max_bytes))
            .max_frame_size(Some(max_bytes))
            .accept_unmasked_frames(false);
        Self {
            context: WebSocketContext::new(Role::Server, Some(config)),
            answers: Vec::new(),
        }
    }

    /// What is to be answered to the frames so far.
    pub(crate) fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    fn read(&mut self, frame: &[u8]) -> Result<Option<Message>, Error> {
        let mut feed = Feed {
            frame,
            answers: &mut self.answers,
        };
        let message = match self.context.read(&mut feed) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            read => read.map(Some),
        };
        if let Ok(Some(Message::Ping(_) | Message::Close(_))) = &message {
            // After a close the engine answers, and then says that it is done.
            match self.context.flush(&mut feed) {
                Ok(()) | Err(Error::ConnectionClosed) => {}
                Err(error) => return Err(error),
            }
        }
        message
    }
}

/// One frame, as a stream that ends after it.
struct Feed<'a> {
    frame: &'a [u8],
    answers: &'a mut Vec<u8>,
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.frame.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.frame.read(buffer)
    }
}

impl Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answers.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What one connection remembers between frames: nothing, most of the time.
#[derive(Default)]
pub(crate) struct Frames {
    own: Option<Box<Own>>,
}

struct Own {
    engine: Engine,
    /// Whether a message has begun and not ended.
    message: MessageState,
    /// How long it is so far.
    bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MessageState {
    Whole,
    Begun,
}

impl Frames {
    /// Takes the first frame of `bytes`; `None` if it is not all there. Returns how long it is, what it amounts to and
    /// what is to be answered.
    pub(crate) fn take(
        &mut self,
        shared: &mut Engine,
        max_bytes: usize,
        bytes: &[u8],
    ) -> Option<(usize, Received, Vec<u8>)> {
        let mut cursor = Cursor::new(bytes);
        let (header, len) = match FrameHeader::parse(&mut cursor) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return None,
            Err(_) => return Some((bytes.len(), Received::Violation(Violation::Protocol), Vec::new())),
        };
        if let Some(violation) = violation_of(&header, len, max_bytes) {
            return Some((bytes.len(), Received::Violation(violation), Vec::new()));
        }
        if let Some(own) = &self.own
            && matches!(header.opcode, OpCode::Data(Data::Continue))
            && own.bytes + len > max_bytes as u64
        {
            return Some((bytes.len(), Received::Violation(Violation::TooBig), Vec::new()));
        }
        let start = usize::try_from(cursor.position()).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        let frame = bytes.get(..end)?;
        let is_simple = header.is_final
            && header.mask.is_some()
            && matches!(
                header.opcode,
                OpCode::Data(Data::Text | Data::Binary) | OpCode::Control(Control::Ping | Control::Pong)
            );
        let (received, answers) = if is_simple && self.own.is_none() {
            let received = judge(shared.read(frame), &header, &frame[start..]);
            let answers = shared.take_answers();
            if matches!(received, Received::Violation(_)) {
                *shared = Engine::new(max_bytes);
            }
            (received, answers)
        } else {
            self.take_with_memory(&header, max_bytes, frame, start)
        };
        Some((end, received, answers))
    }

    fn take_with_memory(
        &mut self,
        header: &FrameHeader,
        max_bytes: usize,
        frame: &[u8],
        start: usize,
    ) -> (Received, Vec<u8>) {
        let own = self.own.get_or_insert_with(|| {
            Box::new(Own {
                engine: Engine::new(max_bytes),
                message: MessageState::Whole,
                bytes: 0,
            })
        });
        let received = judge(own.engine.read(frame), header, &frame[start..]);
        let answers = own.engine.take_answers();
        if let OpCode::Data(_) = header.opcode {
            own.bytes += (frame.len() - start) as u64;
            own.message = if header.is_final {
                MessageState::Whole
            } else {
                MessageState::Begun
            };
        }
        if own.message == MessageState::Whole {
            self.own = None;
        }
        (received, answers)
    }
}

/// What is wrong with a frame, as far as its header tells: its payload need not be waited for.
fn violation_of(header: &FrameHeader, len: u64, max_bytes: usize) -> Option<Violation> {
    let is_control = matches!(header.opcode, OpCode::Control(_));
    let breaks_rules = header.rsv1
        || header.rsv2
        || header.rsv3
        || header.mask.is_none()
        || (is_control && (!header.is_final || len > 125));
    if breaks_rules {
        Some(Violation::Protocol)
    } else if len > max_bytes as u64 {
        Some(Violation::TooBig)
    } else {
        None
    }
}

fn judge(read: Result<Option<Message>, Error>, header: &FrameHeader, payload: &[u8]) -> Received {
    match read {
        Ok(Some(Message::Text(text))) => Received::Text(text),
        Ok(Some(Message::Binary(bytes))) => Received::Binary(bytes),
        Ok(Some(Message::Ping(_))) => Received::Ping,
        Ok(Some(Message::Pong(_))) => Received::Pong,
        Ok(Some(Message::Close(_))) => close(header, payload),
        Ok(Some(Message::Frame(_)) | None) => Received::Fragment,
        Err(Error::Utf8(_)) => Received::Violation(Violation::Utf8),
        Err(Error::Capacity(_)) => Received::Violation(Violation::TooBig),
        Err(_) => Received::Violation(Violation::Protocol),
    }
}

/// The engine replaces a code that must not be sent by its own answer to it, so the code is read here once more.
fn close(header: &FrameHeader, payload: &[u8]) -> Received {
    let mask = header.mask.unwrap_or_default();
    let Some([first, second]) = payload.first_chunk::<2>() else {
        return Received::Close(PeerClose::Normal);
    };
    let code = u16::from_be_bytes([first ^ mask[0], second ^ mask[1]]);
    match code {
        1000 => Received::Close(PeerClose::Normal),
        1001 => Received::Close(PeerClose::GoingAway),
        _ if CloseCode::from(code).is_allowed() => Received::Close(PeerClose::Other),
        _ => Received::Violation(Violation::Protocol),
    }
}

#[cfg(test)]
mod tests;
