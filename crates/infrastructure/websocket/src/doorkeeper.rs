//! The doorkeeper: looks at every request before hyper sees a byte of it.
//!
//! hyper lets pass, or answers barely, much that the protocol wants refused with a word: bare line feeds, two
//! lengths, two hosts, a body on an upgrade. So each head is collected here, within its bounds, and judged as a
//! whole; hyper gets heads that are known to be good, of requests that have no body. What comes behind the head of
//! an upgrade is kept back: it is frames. The answer to it is not sent before what follows it, a fifth of a second at
//! most: the `welcome` comes in the same packet, which saves the system a packet and the client a wake-up.
//!
//! **Architecture Invariant:** nothing of a head is handed on before all of it was judged.

use crate::problem::Problem;
use rustix::net::{SendFlags, send};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

mod judge;

pub(crate) use judge::{MAX_HEAD, MAX_LINES};

/// Says that more follows at once.
#[cfg(target_os = "linux")]
const MORE: SendFlags = SendFlags::MORE;
#[cfg(not(target_os = "linux"))]
const MORE: SendFlags = SendFlags::empty();

/// A connection with a doorkeeper.
pub(crate) struct Doorkeeper {
    stream: TcpStream,
    /// Bytes that have come and were not handed on.
    waiting: Vec<u8>,
    /// How many of them are judged to be good.
    good: usize,
    verdict: Verdict,
}

/// What the doorkeeper makes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Heads may come.
    Open,
    /// A head that asks for an upgrade was handed on: no other follows.
    Upgrading,
    /// A head was refused.
    Refused(Problem),
}

impl Doorkeeper {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            waiting: Vec::new(),
            good: 0,
            verdict: Verdict::Open,
        }
    }

    /// Why the last head was refused, if it was.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        match self.verdict {
            Verdict::Refused(problem) => Some(problem),
            Verdict::Open | Verdict::Upgrading => None,
        }
    }

    /// The connection, and what came behind the last head.
    pub(crate) fn into_parts(mut self) -> (TcpStream, Vec<u8>) {
        self.waiting.drain(..self.good);
        (self.stream, self.waiting)
    }

    /// Hands on what is good. False if there is nothing.
    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        if self.good == 0 {
            return false;
        }
        let count = self.good.min(buffer.remaining());
        buffer.put_slice(&self.waiting[..count]);
        self.waiting.drain(..count);
        self.good -= count;
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
        true
    }

    /// Judges the head at the front, if it is whole.
    fn judge(&mut self) -> io::Result<()> {
        match judge::judge(&self.waiting) {
            Ok(None) => Ok(()),
            Ok(Some(head)) => {
                self.good = head.len;
                if head.is_upgrade {
                    self.verdict = Verdict::Upgrading;
                }
                Ok(())
            }
            Err(problem) => {
                self.verdict = Verdict::Refused(problem);
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the request was refused",
                ))
            }
        }
    }

    /// Writes what is to be sent together with what follows it.
    fn poll_write_ahead(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            let written = self
                .stream
                .try_io(Interest::WRITABLE, || Ok(send(&self.stream, bytes, MORE)?));
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncRead for Doorkeeper {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.hand_on(buffer) {
                return Poll::Ready(Ok(()));
            }
            if this.verdict == Verdict::Upgrading {
                // hyper has all it may see; the connection is taken from it as soon as it has answered.
                return Poll::Pending;
            }
            if !this.waiting.is_empty() {
                this.judge()?;
                if this.good > 0 {
                    continue;
                }
            }
            let mut chunk = [0_u8; 2048];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                // The client is gone, perhaps in the middle of a head: nobody is left to be told.
                return Poll::Ready(Ok(()));
            }
            this.waiting.extend_from_slice(read.filled());
        }
    }
}

impl AsyncWrite for Doorkeeper {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.verdict {
            Verdict::Upgrading => this.poll_write_ahead(context, bytes),
            Verdict::Open | Verdict::Refused(_) => Pin::new(&mut this.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.verdict {
            Verdict::Upgrading => {
                let first = slices.iter().find(|slice| !slice.is_empty());
                this.poll_write_ahead(context, first.map_or(&[], |slice| slice))
            }
            Verdict::Open | Verdict::Refused(_) => {
                Pin::new(&mut this.stream).poll_write_vectored(context, slices)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
