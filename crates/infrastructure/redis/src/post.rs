//! Letters between nodes, through Redis.
//!
//! Each life of a node has an inbox, a stream. Whoever writes to it appends what waits for that node as one sealed batch,
//! and appends the next one when the last is taken, and not in the same millisecond: the more there is to say, the less
//! each letter costs. The node reads its inbox over a connection of its own.
//!
//! ```text
//! send ─ codec ─> queue of a link ─ envelope ─> XADD │ XREAD ─ envelope ─> codec ─ Mailbox
//!                 (link, queue)     (outgoing)   Redis  (incoming, stream, correspondents)
//! ```
//!
//! **Architecture Invariants.** Nothing readable crosses Redis. Whatever Redis does (loses, repeats, delays, forgets),
//! letters of one node arrive in their order, each once or not at all, and none more than two seconds after it was sent.
//! A hole in what came is reported. No letter waits for an answer of Redis, and no caller for either.

mod asks;
pub(crate) mod codec;
mod correspondents;
mod counters;
mod envelope;
mod inbox;
mod incoming;
mod link;
mod links;
mod outgoing;
mod queue;
mod ready;
mod stream;

pub use counters::PostCounts;
pub use inbox::Inbox;
pub use incoming::Incoming;
pub use outgoing::Outgoing;

use crate::connection::Redis;
use crate::keys::Key;
use crate::seal::Secrets;
use crate::time::{RedisTime, TimeOffset};
use asks::Asks;
use counters::Counters;
use envelope::LinkKeys;
use futures_util::stream::{FuturesUnordered, StreamExt};
use link::{Urgency, Wake};
use links::Links;
use passerby_application::ports::{HandoverAnswer, HandoverRequest, Hearing, Letter, Peers, Unsent};
use passerby_domain::id::Incarnation;
use passerby_domain::time::Millis;
use queue::Bounds;
use ready::Ready;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long a letter is worth something.
const PATIENCE: Millis = Millis::from_secs(2);
/// How long an answer is waited for: two heartbeats, since a Redis that has lost everything has no inbox for the other node
/// before that node's next one.
const ANSWER: Duration = Duration::from_millis(2_200);
/// After so long without an answer the question is put again, since it may have been lost. Each of them is answered with all
/// there is of the seat, so it is not put more often.
const LOST: Duration = Duration::from_millis(700);
/// After these pauses, the last again and again, it is put again to one that does not have the seat: it may be waiting for it
/// itself, or its inbox is about to be made anew.
const NOT_YET: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(90),
    Duration::from_millis(270),
    Duration::from_millis(400),
];
/// What is handed over leaves this node's memory, so more of it may wait than of letters.
const ANSWERS: Bounds = Bounds {
    bytes: 64 * 1024 * 1024,
    frames: 65_536,
};

/// Bounds of the post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostOptions {
    /// How many bytes of letters to one node may wait to be sent.
    pub waiting_bytes: usize,
    /// How many letters to one node may wait.
    pub waiting_letters: usize,
    /// How many batches that nobody has read an inbox may hold. A little more may come in before it is noticed.
    pub inbox_batches: u64,
    /// How many bytes an inbox may hold, likewise.
    pub inbox_bytes: u64,
    /// How many batches are read at once.
    pub read_batches: usize,
}

impl Default for PostOptions {
    fn default() -> Self {
        Self {
            waiting_bytes: 4 * 1024 * 1024,
            waiting_letters: 65_536,
            inbox_batches: 65_536,
            inbox_bytes: 64 * 1024 * 1024,
            read_batches: 64,
        }
    }
}

/// Whoever lives at this node's inbox.
///
/// All methods are called from one task, one after another, in the order in which things came, and do not wait.
pub trait Mailbox: Send + Sync + 'static {
    /// A letter.
    fn deliver(&self, from: Incarnation, letter: Letter<'_>);

    /// `from` wants all there is of a seat. What is given is sent to it; `None` if there is nothing to give.
    fn hand_over(&self, from: Incarnation, request: HandoverRequest) -> Option<HandoverAnswer>;

    /// All that was read together was handed in.
    fn end_of_batch(&self);

    /// Something that `from` sent is missing before what comes next, or came too late.
    fn gap(&self, from: Incarnation);
}

/// The other nodes, by way of Redis. Its clones are one.
///
/// [`Outgoing::run`] and [`Incoming::run`] have to run beside it, and [`Self::keep_inbox`] is called with each heartbeat.
#[derive(Clone)]
pub struct RedisPost {
    shared: Arc<Shared>,
}

struct Shared {
    redis: Redis,
    time: Arc<RedisTime>,
    keys: LinkKeys,
    inbox: Key,
    options: PostOptions,
    links: Links,
    ready: Ready,
    /// A link came to rest.
    rested: Notify,
    asks: Asks,
    counters: Counters,
}

impl RedisPost {
    /// The post of the node whose present life is `own`.
    pub fn new(
        redis: Redis,
        time: Arc<RedisTime>,
        secrets: Secrets<'_>,
        own: Incarnation,
        options: PostOptions,
    ) -> (Self, Outgoing, Incoming) {
        let shared = Arc::new(Shared {
            inbox: redis.keys().inbox(own),
            redis,
            time,
            keys: LinkKeys::new(own, secrets),
            options,
            links: Links::default(),
            ready: Ready::default(),
            rested: Notify::new(),
            asks: Asks::default(),
            counters: Counters::default(),
        });
        let outgoing = Outgoing::new(Arc::clone(&shared));
        let incoming = Incoming::new(Arc::clone(&shared));
        (Self { shared }, outgoing, incoming)
    }

    /// How often each thing happened.
    pub fn counts(&self) -> PostCounts {
        self.shared.counters.counts()
    }

    /// Waits until nothing waits to be sent any more. What cannot be sent stops waiting after two seconds.
    pub async fn settled(&self) {
        loop {
            let rested = self.shared.rested.notified();
            if self.shared.links.all_rest() {
                return;
            }
            rested.await;
        }
    }
}

impl Peers for RedisPost {
    fn own(&self) -> Incarnation {
        self.shared.keys.own()
    }

    fn send(&self, to: Incarnation, letter: &Letter<'_>) -> Result<(), Unsent> {
        let bounds = Bounds {
            bytes: self.shared.options.waiting_bytes,
            frames: self.shared.options.waiting_letters,
        };
        self.shared.post(to, bounds, urgency(letter), |offset, buffer| {
            codec::encode_letter(letter, offset, buffer);
        })
    }

    async fn ask_for(
        &self,
        former: Incarnation,
        request: HandoverRequest,
        hearing: &dyn Hearing,
    ) -> Option<HandoverAnswer> {
        let mut asking = pin!(self.shared.ask_until_given(former, request));
        if let Ok(answer) = timeout(ANSWER, &mut asking).await {
            return Some(answer);
        }
        if !hearing.hears(former) {
            return None;
        }
        timeout(ANSWER, asking).await.ok()
    }
}

/// The first answer of one that has the seat. Never completes if there is none among those that wait.
async fn first_given<F>(open: &mut FuturesUnordered<F>) -> HandoverAnswer
where
    F: Future<Output = Option<HandoverAnswer>>,
{
    while let Some(answer) = open.next().await {
        if let Some(answer) = answer {
            return answer;
        }
    }
    std::future::pending().await
}

/// Only answers to messages are not urgent: there is one for each message, and the next message takes them along.
fn urgency(letter: &Letter<'_>) -> Urgency {
    match letter {
        Letter::Receipt { .. } => Urgency::Later,
        Letter::Proposal { .. }
        | Letter::Agreed { .. }
        | Letter::Declined { .. }
        | Letter::Lapsed { .. }
        | Letter::Message { .. }
        | Letter::Signal { .. }
        | Letter::Typing { .. }
        | Letter::Presence(_)
        | Letter::Ended { .. }
        | Letter::Sought { .. }
        | Letter::Barred { .. }
        | Letter::Assertions(_)
        | Letter::Disowned(_)
        | Letter::Moved { .. }
        | Letter::Kick { .. }
        | Letter::Ban(_) => Urgency::Now,
    }
}

impl Shared {
    /// Queues the frame that `write` writes.
    fn post(
        &self,
        to: Incarnation,
        bounds: Bounds,
        urgency: Urgency,
        write: impl FnOnce(TimeOffset, &mut Vec<u8>),
    ) -> Result<(), Unsent> {
        // Without the time of Redis nobody could tell how old it is.
        let offset = self.time.offset().ok_or(Unsent::Cut)?;
        let pushed = self.links.with(self, to, |link| {
            let wake = link.push(
                bounds,
                urgency,
                || self.time.moment(),
                |buffer| write(offset, buffer),
            )?;
            if let Wake::Needed(urgency) = wake {
                self.ready.add(link, urgency);
            }
            Ok(())
        });
        if pushed == Err(Unsent::Full) {
            self.counters.refused_full.one();
        }
        pushed
    }

    /// Asks until one that has the seat answers; each question stays open, since only the answers may be slow.
    async fn ask_until_given(&self, former: Incarnation, request: HandoverRequest) -> HandoverAnswer {
        let mut open = FuturesUnordered::new();
        let mut pauses = NOT_YET.into_iter();
        let mut pause = NOT_YET[0];
        loop {
            open.push(self.ask(former, request));
            match timeout(LOST, open.next()).await {
                Ok(Some(Some(answer))) => return answer,
                Ok(Some(None) | None) => {
                    pause = pauses.next().unwrap_or(pause);
                    if let Ok(answer) = timeout(pause, first_given(&mut open)).await {
                        return answer;
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Asks once. `None` also if whoever is asked is gone.
    async fn ask(&self, former: Incarnation, request: HandoverRequest) -> Option<HandoverAnswer> {
        let mut asked = self.asks.ask(former)?;
        let number = asked.number();
        self.post(former, ANSWERS, Urgency::Now, |offset, buffer| {
            codec::encode_ask(number, request, offset, buffer);
        })
        .ok()?;
        asked.wait().await
    }

    fn can_answer(&self, to: Incarnation) -> bool {
        self.time.offset().is_some()
            && self.links.with(self, to, |link| Ok(link.has_room(ANSWERS))) == Ok(true)
    }

    fn answer(&self, to: Incarnation, number: u64, answer: Option<&HandoverAnswer>) {
        // Whoever asked finds out by waiting.
        let _ = self.post(to, ANSWERS, Urgency::Now, |offset, buffer| {
            codec::encode_answer(number, answer, offset, buffer);
        });
    }
}

impl fmt::Debug for RedisPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPost")
            .field("own", &self.shared.keys.own())
            .finish_non_exhaustive()
    }
}
