//! Reading: from a socket to whole messages, without a buffer for each connection.
//!
//! What is read lands in a buffer that all connections of a thread share; only a frame that is not all there yet is
//! kept, in a buffer that is gone once the frame is whole.
//!
//! **Architecture Invariant:** what the messages mean is the [`Audience`]'s affair.

use crate::engine::{Engine, Frames, Received};
use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

/// How much is read at once.
const INPUT: usize = 64 * 1024;
/// How many reads a connection may make before others get their turn.
const READS_PER_TURN: usize = 8;

thread_local! {
    /// Input of whichever connection is being served on this thread.
    static WORKBENCH: RefCell<Option<Workbench>> = const { RefCell::new(None) };
}

struct Workbench {
    input: Vec<u8>,
    engine: Engine,
    max_bytes: usize,
}

/// Who hears what a client sends.
pub(crate) trait Audience {
    /// Why it stops listening for a while, or for good.
    type Pause;

    /// Something came, `len` bytes long, with what is to be answered to it. `Some` if nothing more is to be heard
    /// until that is dealt with.
    fn receive(&mut self, received: Received, answers: Vec<u8>, len: usize) -> Option<Self::Pause>;
}

/// What a turn of reading came to.
pub(crate) enum Heard<T> {
    /// The audience wants a pause.
    Pause(T),
    /// The connection broke or was closed without a word.
    Lost,
}

/// The reading half of a connection.
pub(crate) struct Intake {
    pub(crate) reader: OwnedReadHalf,
    /// A frame that is not all there yet, or frames that have to wait for the end of a pause.
    unread: Vec<u8>,
    frames: Frames,
}

impl Intake {
    /// Reads from `reader`; `early` was read before.
    pub(crate) fn new(reader: OwnedReadHalf, early: Vec<u8>) -> Self {
        Self {
            reader,
            unread: early,
            frames: Frames::default(),
        }
    }

    /// Reads what there is, frames of at most `max_bytes`, and lets `audience` hear it.
    pub(crate) fn poll<A: Audience>(
        &mut self,
        context: &mut Context<'_>,
        max_bytes: usize,
        audience: &mut A,
    ) -> Poll<Heard<A::Pause>> {
        WORKBENCH.with_borrow_mut(|workbench| {
            let Workbench { input, engine, .. } = match workbench {
                // Two listeners of one process may have different limits.
                Some(workbench) if workbench.max_bytes == max_bytes => workbench,
                workbench => workbench.insert(Workbench {
                    input: vec![0; INPUT],
                    engine: Engine::new(max_bytes),
                    max_bytes,
                }),
            };
            // Frames that waited for the end of a pause come first.
            if !self.unread.is_empty() {
                let waiting = std::mem::take(&mut self.unread);
                if let Some(pause) = self.take_frames(&waiting, engine, max_bytes, audience) {
                    return Poll::Ready(Heard::Pause(pause));
                }
            }
            for _ in 0..READS_PER_TURN {
                let kept = self.unread.len();
                if input.len() < kept + INPUT {
                    input.resize(kept + INPUT, 0);
                }
                input[..kept].copy_from_slice(&self.unread);
                let mut buffer = ReadBuf::new(&mut input[kept..]);
                match Pin::new(&mut self.reader).poll_read(context, &mut buffer) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(_)) => return Poll::Ready(Heard::Lost),
                    Poll::Ready(Ok(())) => {}
                }
                let count = buffer.filled().len();
                if count == 0 {
                    return Poll::Ready(Heard::Lost);
                }
                self.unread = Vec::new();
                if let Some(pause) = self.take_frames(&input[..kept + count], engine, max_bytes, audience) {
                    return Poll::Ready(Heard::Pause(pause));
                }
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
    }

    /// Takes all whole frames of `bytes` and keeps the rest.
    fn take_frames<A: Audience>(
        &mut self,
        bytes: &[u8],
        engine: &mut Engine,
        max_bytes: usize,
        audience: &mut A,
    ) -> Option<A::Pause> {
        let mut rest = bytes;
        let mut pause = None;
        while pause.is_none()
            && let Some((len, received, answers)) = self.frames.take(engine, max_bytes, rest)
        {
            rest = rest.get(len..).unwrap_or_default();
            pause = audience.receive(received, answers, len);
        }
        self.unread = rest.to_vec();
        pause
    }
}
