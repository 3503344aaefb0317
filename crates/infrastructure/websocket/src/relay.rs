//! One WebSocket connection at work: reads, takes frames apart, obeys.
//!
//! What is read lands in a buffer that all connections of a thread share; only a frame that is not all there yet is
//! kept, in a buffer that is gone once the frame is whole. So a connection at rest owns no buffer, and its future is
//! a few words: everything rare is boxed.
//!
//! **Architecture Invariant:** only this task reads from its connection and ends it. Others write through the outbox,
//! and ask this task to hang up.

use crate::budget::{Budget, Exceeded, Kind};
use crate::closing::{self, Ending};
use crate::commands::Errand;
use crate::connection::{Connection, LastWords};
use crate::engine::{Engine, Frames, PeerClose, Received, Violation};
use crate::front::Front;
use crate::gate::Place;
use crate::upgrade::{Right, Upgrade};
use passerby_application::ports::{Clock, Delivery, Flush, Ports};
use passerby_application::{Arrival, ConnectError, Connected, ConnectionNumber, Seat};
use passerby_domain::time::Millis;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
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

/// A WebSocket connection and its seat.
pub(crate) struct Relay<P: Ports> {
    pub(crate) front: Arc<Front<P>>,
    pub(crate) seat: Arc<Seat<P>>,
    pub(crate) budget: Budget,
    connection: Arc<Connection>,
    reader: OwnedReadHalf,
    /// A frame that is not all there yet, or frames that have to wait for an errand.
    unread: Vec<u8>,
    frames: Frames,
    number: ConnectionNumber,
    hearing: Hearing,
    _place: Place,
}

/// Whether the client was heard from on this connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hearing {
    NotYet,
    Heard,
}

/// Why a turn is over.
enum Turn {
    /// A command has to wait for something.
    Errand(Errand),
    /// The client sends too much that carries nothing: it is not read for so long.
    Throttle(Millis),
    /// The connection ends.
    End(Ending),
}

impl<P: Ports<Wire = Connection>> Relay<P> {
    /// Gives the connection its seat, new or old. `None` if it gets none; it was told why and is closed.
    pub(crate) async fn start(front: Arc<Front<P>>, stream: TcpStream, early: Vec<u8>, upgrade: Upgrade<P>) -> Option<Self> {
        let (reader, writer) = stream.into_split();
        let connection = Arc::new(Connection::new(writer));
        let Upgrade { address, right, criteria, entry, seen, place } = upgrade;
        let chat = &front.chat;
        let admission = match right {
            Right::Admitted(admission) => Ok(admission),
            Right::Returning(returning) => match chat.resume(returning, address, connection.clone(), seen).await {
                Ok(Some(connected)) => Err(Ok(connected)),
                // The seat died between the two looks: the client comes in as anybody else would.
                Ok(None) => chat.admit(address).await.map_err(|_| Err(Ending::TurnedAway)),
                Err(error) => Err(Err(ending_of(error))),
            },
        };
        let connected = match admission {
            Ok(admission) => {
                let arrival = Arrival { admission, wire: connection.clone(), criteria, entry };
                chat.connect(arrival).await.map_err(ending_of)
            }
            Err(resumed) => resumed,
        };
        let mut reader = reader;
        match connected {
            Ok(Connected { seat, connection: number }) => {
                front.keeper.register(&connection, &seat);
                Some(Self {
                    front,
                    seat,
                    budget: Budget::default(),
                    connection,
                    reader,
                    unread: early,
                    frames: Frames::default(),
                    number,
                    hearing: Hearing::NotYet,
                    _place: place,
                })
            }
            Err(ending) => {
                closing::finish(&connection, &mut reader, ending).await;
                None
            }
        }
    }

    /// Serves the connection until it ends, and gives its seat back.
    pub(crate) async fn run(mut self) {
        loop {
            match poll_fn(|context| self.poll_turn(context)).await {
                Turn::Errand(errand) => {
                    if let Err(Exceeded) = Box::pin(self.run_errand(errand)).await {
                        return Box::pin(self.end(Ending::Policy)).await;
                    }
                }
                Turn::Throttle(span) => Box::pin(tokio::time::sleep(span.into())).await,
                Turn::End(ending) => return Box::pin(self.end(ending)).await,
            }
        }
    }

    async fn end(mut self, ending: Ending) {
        self.front.chat.flush(&self.seat);
        let ending = match ending {
            Ending::Said(words) => Ending::Said(words),
            // Whatever the application had to say last is more to the point than what is found out here.
            other => self.connection.last_words(std::task::Waker::noop()).map_or(other, Ending::Said),
        };
        let departure = ending.departure();
        // The partner is told at once; the client may take its time to read why.
        self.front.chat.disconnect(&self.seat, self.number, departure).await;
        closing::finish(&self.connection, &mut self.reader, ending).await;
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        if let Some(words) = self.connection.last_words(context.waker()) {
            return Poll::Ready(Turn::End(Ending::Said(words)));
        }
        WORKBENCH.with_borrow_mut(|workbench| {
            let max_bytes = self.front.options.frame_bytes;
            let workbench = match workbench {
                // Two listeners of one process may have different limits.
                Some(workbench) if workbench.max_bytes == max_bytes => workbench,
                workbench => workbench.insert(Workbench {
                    input: vec![0; INPUT],
                    engine: Engine::new(max_bytes),
                    max_bytes,
                }),
            };
            let turn = self.turn(context, workbench);
            self.front.chat.flush(&self.seat);
            turn
        })
    }

    fn turn(&mut self, context: &mut Context<'_>, workbench: &mut Workbench) -> Poll<Turn> {
        let Workbench { input, engine, .. } = workbench;
        // Frames that waited for an errand come first.
        if !self.unread.is_empty() {
            let waiting = std::mem::take(&mut self.unread);
            if let Some(turn) = self.take_frames(&waiting, engine) {
                return Poll::Ready(turn);
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
                Poll::Ready(Err(_)) => return Poll::Ready(Turn::End(Ending::Lost)),
                Poll::Ready(Ok(())) => {}
            }
            let count = buffer.filled().len();
            if count == 0 {
                return Poll::Ready(Turn::End(Ending::Lost));
            }
            self.unread = Vec::new();
            if let Some(turn) = self.take_frames(&input[..kept + count], engine) {
                return Poll::Ready(turn);
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Takes all whole frames of `bytes` and keeps the rest. `Some` if the turn is over.
    fn take_frames(&mut self, bytes: &[u8], engine: &mut Engine) -> Option<Turn> {
        let max_bytes = self.front.options.frame_bytes;
        let mut rest = bytes;
        let mut over = None;
        while over.is_none()
            && let Some((len, received, answers)) = self.frames.take(engine, max_bytes, rest)
        {
            rest = rest.get(len..).unwrap_or_default();
            self.connection.heard();
            if self.hearing == Hearing::NotYet {
                self.hearing = Hearing::Heard;
                self.front.chat.heard(&self.seat, self.number);
            }
            over = self.receive(received, answers, len);
        }
        self.unread = rest.to_vec();
        over
    }

    fn receive(&mut self, received: Received, answers: Vec<u8>, len: usize) -> Option<Turn> {
        match received {
            Received::Text(text) => {
                self.budget.forgive_overhead();
                match self.obey(&text) {
                    Ok(errand) => errand.map(Turn::Errand),
                    Err(Exceeded) => Some(Turn::End(Ending::Policy)),
                }
            }
            Received::Ping | Received::Pong => {
                let now = self.front.chat.adapters().clock.now();
                if !answers.is_empty() {
                    self.front.chat.adapters().delivery.reply(self.seat.route(), &answers, Flush::Later);
                }
                if self.budget.count(Kind::Control, None, now).is_err() {
                    return Some(Turn::End(Ending::Policy));
                }
                self.overhead(len)
            }
            Received::Fragment => self.overhead(len),
            Received::Close(close) => Some(Turn::End(match close {
                PeerClose::Normal => Ending::Left(answers),
                PeerClose::GoingAway => Ending::PageClosed(answers),
                PeerClose::Other => Ending::Closed(answers),
            })),
            Received::Violation(violation) => Some(Turn::End(match violation {
                Violation::Protocol => Ending::ProtocolError,
                Violation::Binary => Ending::Unsupported,
                Violation::Utf8 => Ending::InvalidUtf8,
                Violation::TooBig => Ending::TooBig,
            })),
        }
    }

    fn overhead(&mut self, len: usize) -> Option<Turn> {
        let now = self.front.chat.adapters().clock.now();
        match self.budget.count_overhead(len, now) {
            Ok(wait) => wait.map(Turn::Throttle),
            Err(Exceeded) => Some(Turn::End(Ending::Policy)),
        }
    }
}

fn ending_of(error: ConnectError) -> Ending {
    match error {
        ConnectError::Banned(ban) => Ending::Said(Box::new(LastWords {
            rest: Vec::new(),
            why: crate::connection::Goodbye::Application(passerby_application::ports::Farewell::Banned(ban)),
        })),
        ConnectError::Store(_) => Ending::TurnedAway,
    }
}
