//! One WebSocket connection at work: hears its client, and obeys.
//!
//! The future of a connection, [`Serving`], is what it needs while it listens: whatever else comes up is a future of its own,
//! boxed, which has the connection meanwhile and gives it back.
//!
//! **Architecture Invariant:** only this task reads from its connection and ends it. Others write through the outbox,
//! and ask this task to hang up.

use crate::budget::{Budget, Exceeded, Kind};
use crate::closing::{self, Ending};
use crate::commands::Errand;
use crate::connection::{Connection, Goodbye, LastWords};
use crate::engine::{PeerClose, Received, Violation};
use crate::front::Front;
use crate::gate::Place;
use crate::intake::{Audience, Heard, Intake};
use crate::upgrade::{Right, Upgrade};
use futures_util::future::BoxFuture;
use passerby_application::ports::{Clock, Farewell, Flush, Ports};
use passerby_application::{Arrival, ConnectError, Connected, ConnectionNumber, FirstWord, Seat};
use passerby_domain::time::Millis;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::net::TcpStream;

/// The other side has closed, or the connection broke.
#[cfg(target_os = "linux")]
const HUNG_UP: PollFlags = PollFlags::RDHUP.union(PollFlags::HUP).union(PollFlags::ERR);
#[cfg(not(target_os = "linux"))]
const HUNG_UP: PollFlags = PollFlags::HUP.union(PollFlags::ERR);

/// A WebSocket connection and its seat.
pub(crate) struct Relay<P: Ports> {
    client: Client<P>,
    intake: Intake,
    _place: Place,
}

/// A connection from its first byte to its last.
///
/// Written by hand, since the compiler keeps a value that moves through an `async fn` several times over, and a node has as
/// many of these as it has users.
pub(crate) enum Serving<P: Ports> {
    /// It hears its client.
    Listening(Relay<P>),
    /// Something came up that takes more than a turn; the connection is with it, if it has begun already.
    Aside(BoxFuture<'static, Option<Relay<P>>>),
}

impl<P: Ports<Wire = Connection>> Serving<P> {
    /// Serves what `beginning` comes to.
    pub(crate) fn after(beginning: impl Future<Output = Option<Relay<P>>> + Send + 'static) -> Self {
        Self::Aside(Box::pin(beginning))
    }
}

// What listens is never pinned: nothing points into it.
impl<P: Ports> Unpin for Serving<P> {}

impl<P: Ports<Wire = Connection>> Future for Serving<P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut *self {
                Self::Listening(relay) => {
                    let turn = ready!(relay.poll_turn(context));
                    // What it is replaced by is never polled.
                    let nothing = Self::Aside(Box::pin(std::future::pending()));
                    if let Self::Listening(relay) = std::mem::replace(&mut *self, nothing) {
                        *self = Self::after(relay.take(turn));
                    }
                }
                Self::Aside(matter) => match ready!(matter.as_mut().poll(context)) {
                    Some(relay) => {
                        relay.client.connection.wake_on_hang_up(context.waker());
                        *self = Self::Listening(relay);
                    }
                    None => return Poll::Ready(()),
                },
            }
        }
    }
}

/// Who is obeyed.
pub(crate) struct Client<P: Ports> {
    pub(crate) front: Arc<Front<P>>,
    pub(crate) seat: Arc<Seat<P>>,
    pub(crate) budget: Budget,
    pub(super) connection: Arc<Connection>,
    number: ConnectionNumber,
    hearing: Hearing,
}

/// Whether the client was heard from on this connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hearing {
    /// Not since it may have read its welcome: so many bytes were sent before.
    NotYet {
        early: u16,
    },
    /// It was, and its token is dead; whether other nodes know is not known yet.
    Spending,
    Heard,
}

/// Why the client is not heard for a while, or ever again.
pub(crate) enum Turn {
    /// A command has to wait for something.
    Errand(Errand),
    /// The first word on a connection that came with a token waits until other nodes know that the token is dead.
    FirstWord(Box<str>),
    /// It sends too much that carries nothing: it is not read for so long.
    Throttle(Millis),
    /// The connection ends.
    End(Ending),
}

impl<P: Ports<Wire = Connection>> Relay<P> {
    /// Gives the connection its seat, new or old. `None` if it gets none; it was told why and is closed.
    pub(crate) async fn start(
        front: Arc<Front<P>>,
        stream: TcpStream,
        early: Vec<u8>,
        upgrade: Upgrade<P>,
    ) -> Option<Self> {
        let returns = matches!(upgrade.right, Right::Returning(_));
        if returns && has_hung_up(&stream) {
            // A node that stood still finds connections that their clients have given up: to give one of them the seat would
            // take it from where the client has gone since.
            return None;
        }
        let (reader, writer) = stream.into_split();
        let connection = Connection::new(writer, front.tasks.clone());
        let connection = Arc::new(if returns {
            connection.count_early()
        } else {
            connection
        });
        // What a client says before its welcome, as when the seat takes long to come, does not say that it has read it.
        let read_before = u16::try_from(early.len()).unwrap_or(u16::MAX);
        let intake = Intake::new(reader, early);
        let (place, seated) = take_seat(&front, &connection, upgrade).await;
        match seated {
            Ok(Connected {
                seat,
                connection: number,
            }) => {
                front.keeper.register(&connection, &seat);
                let budget = Budget::default();
                let early = connection.early().saturating_add(read_before);
                let client = Client {
                    front,
                    seat,
                    budget,
                    connection,
                    number,
                    hearing: Hearing::NotYet { early },
                };
                Some(Self {
                    client,
                    intake,
                    _place: place,
                })
            }
            Err(ending) => {
                closing::finish(&connection, &intake.reader, ending).await;
                None
            }
        }
    }

    /// Does what came up. `None` once the connection has ended and given its seat back.
    async fn take(mut self, turn: Turn) -> Option<Self> {
        let done = match turn {
            Turn::Errand(errand) => self.client.run_errand(errand).await,
            Turn::FirstWord(text) => self.client.obey_first(&text).await,
            Turn::Throttle(span) => {
                tokio::time::sleep(span.into()).await;
                Ok(())
            }
            Turn::End(ending) => {
                self.end(ending).await;
                return None;
            }
        };
        if let Err(Exceeded) = done {
            self.end(Ending::Policy).await;
            return None;
        }
        Some(self)
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        let Self { client, intake, .. } = self;
        if let Some(words) = client.connection.last_words() {
            return Poll::Ready(Turn::End(Ending::Said(words)));
        }
        let max_bytes = client.front.options.frame_bytes;
        let heard = intake.poll(context, max_bytes, client);
        client.front.chat.flush(&client.seat);
        heard.map(|heard| match heard {
            Heard::Pause(turn) => turn,
            Heard::Lost => Turn::End(Ending::Lost),
        })
    }

    async fn end(self, ending: Ending) {
        let Client {
            front,
            seat,
            connection,
            number,
            ..
        } = &self.client;
        let ending = match ending {
            Ending::Said(words) => Ending::Said(words),
            // Whatever the application had to say last is more to the point than what is found out here.
            other => connection.last_words().map_or(other, Ending::Said),
        };
        // The partner is told at once; the client may take its time to read why.
        front.chat.disconnect(seat, *number, ending.departure()).await;
        closing::finish(connection, &self.intake.reader, ending).await;
    }
}

/// Whether the client has closed its side of a connection, whatever it has sent before.
fn has_hung_up(stream: &TcpStream) -> bool {
    let mut ends = [PollFd::new(stream, HUNG_UP)];
    let looked = poll(&mut ends, Some(&Timespec::default()));
    looked.is_ok_and(|count| count > 0)
}

async fn take_seat<P: Ports<Wire = Connection>>(
    front: &Front<P>,
    connection: &Arc<Connection>,
    upgrade: Upgrade<P>,
) -> (Place, Result<Connected<P>, Ending>) {
    let Upgrade {
        address,
        right,
        criteria,
        entry,
        seen,
        place,
    } = upgrade;
    let chat = &front.chat;
    let admission = match right {
        Right::Admitted(admission) => admission,
        Right::Returning(returning) => {
            match chat.resume(returning, address, connection.clone(), seen).await {
                Ok(Some(connected)) => return (place, Ok(connected)),
                // The seat died between the two looks: the client comes in as anybody else would.
                Ok(None) => match chat.admit(address).await {
                    Ok(admission) => admission,
                    Err(_) => return (place, Err(Ending::TurnedAway)),
                },
                Err(error) => return (place, Err(ending_of(&error))),
            }
        }
    };
    let arrival = Arrival {
        admission,
        wire: connection.clone(),
        criteria,
        entry,
    };
    (
        place,
        chat.connect(arrival).await.map_err(|error| ending_of(&error)),
    )
}

fn ending_of(error: &ConnectError) -> Ending {
    match *error {
        ConnectError::Replaced => Ending::Said(Box::new(LastWords {
            rest: Vec::new(),
            why: Goodbye::Application(Farewell::Replaced),
        })),
        ConnectError::Banned(ban) => {
            let why = Goodbye::Application(Farewell::Banned(ban));
            Ending::Said(Box::new(LastWords {
                rest: Vec::new(),
                why,
            }))
        }
        ConnectError::Store(_) => Ending::TurnedAway,
    }
}

impl<P: Ports<Wire = Connection>> Audience for Client<P> {
    type Pause = Turn;

    fn receive(&mut self, received: Received, answers: Vec<u8>, len: usize) -> Option<Turn> {
        self.connection.heard();
        if let Hearing::NotYet { early } = self.hearing {
            self.hearing = if early > 0 {
                let early = early.saturating_sub(u16::try_from(len).unwrap_or(u16::MAX));
                Hearing::NotYet { early }
            } else {
                match self.front.chat.heard(&self.seat, self.number) {
                    FirstWord::Spends => Hearing::Spending,
                    FirstWord::Harmless => Hearing::Heard,
                }
            };
        }
        match received {
            Received::Text(text) => {
                self.budget.forgive_overhead();
                if self.hearing == Hearing::Spending {
                    self.hearing = Hearing::Heard;
                    return Some(Turn::FirstWord(Box::from(&*text)));
                }
                match self.obey(&text) {
                    Ok(errand) => errand.map(Turn::Errand),
                    Err(Exceeded) => Some(Turn::End(Ending::Policy)),
                }
            }
            Received::Binary(_) => Some(Turn::End(Ending::Unsupported)),
            Received::Ping | Received::Pong => {
                let now = self.front.chat.adapters().clock.now();
                if !answers.is_empty() {
                    self.front.chat.reply(&self.seat, &answers, Flush::Later);
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
            Received::Violation(violation) => Some(Turn::End(violation.into())),
        }
    }
}

impl<P: Ports<Wire = Connection>> Client<P> {
    fn overhead(&mut self, len: usize) -> Option<Turn> {
        let now = self.front.chat.adapters().clock.now();
        match self.budget.count_overhead(len, now) {
            Ok(wait) => wait.map(Turn::Throttle),
            Err(Exceeded) => Some(Turn::End(Ending::Policy)),
        }
    }
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::Protocol => Self::ProtocolError,
            Violation::Utf8 => Self::InvalidUtf8,
            Violation::TooBig => Self::TooBig,
        }
    }
}
