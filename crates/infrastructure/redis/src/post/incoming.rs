//! Reading what other nodes wrote.
//!
//! **Architecture Invariants.** One reader, in the order of the inbox. It cannot be deaf for long: a read answers within a
//! second even if there is nothing, and a connection that gives no answer is dropped. It believes no position that it
//! remembers: after each connection and each second of silence it reads from the beginning of what is left, since another
//! primary, or an inbox that was made anew, may count from elsewhere. What it has read already it knows by the serials.

use super::codec::{Frame, Frames};
use super::correspondents::{Arrival, Correspondents};
use super::envelope::Unfit;
use super::stream::{Entry, EntryId, entries};
use super::{Mailbox, Shared};
use crate::connection::{Backoff, Dedicated};
use crate::time::{RedisMillis, TimeOffset};
use deadpool_redis::redis::{self, Value};
use passerby_application::ports::StoreError;
use passerby_domain::id::Incarnation;
use passerby_domain::time::{Millis, Moment};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a read waits in the server.
const BLOCK: Duration = Duration::from_secs(1);
/// What was read is removed whenever there is so much of it.
const UNTRIMMED_BATCHES: usize = 128;
const UNTRIMMED_BYTES: usize = 256 * 1024;

/// The log tells of what cannot be opened once in so much time; the counters tell of all.
const TOLD_EVERY: Millis = Millis::from_secs(60);

/// Reads what others write to this node.
pub struct Incoming {
    shared: Arc<Shared>,
    correspondents: Correspondents,
    /// When the log last told of what cannot be opened.
    told_unfit: Option<Moment>,
}

/// Removes what was read, while reading goes on.
type Trim<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl Incoming {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            correspondents: Correspondents::default(),
            told_unfit: None,
        }
    }

    /// Hands what comes to `mailbox`. Never returns. What came while the future was not running is read when it runs
    /// again, if it is not too late.
    pub async fn run(mut self, mailbox: Arc<impl Mailbox>) {
        let shared = Arc::clone(&self.shared);
        let mut backoff = Backoff::new();
        let mut is_first = true;
        loop {
            let mut lived = Duration::ZERO;
            if let Ok(connection) = shared.redis.dedicated(BLOCK).await {
                if !is_first {
                    shared.counters.relinks.one();
                }
                is_first = false;
                let held = Instant::now();
                self.read(&shared, connection, &*mailbox).await;
                lived = held.elapsed();
            }
            tokio::select! {
                () = backoff.after(lived) => {}
                () = shared.redis.comes_up() => {}
            }
        }
    }

    /// Reads until the connection is of no more use.
    async fn read(&mut self, shared: &Shared, mut connection: Dedicated, mailbox: &impl Mailbox) {
        let mut position = EntryId::START;
        let (mut batches, mut bytes) = (0, 0);
        let mut trim: Option<Trim<'_>> = None;
        loop {
            let read = read_after(shared, &mut connection, position);
            let read = beside(&mut trim, read).await;
            let Ok(read) = read.map(entries) else {
                return;
            };
            let Some(last) = read.last().map(|entry| entry.id) else {
                if batches > 0 {
                    // Awaited, so that what was read is not there to be read again from the beginning.
                    trim_before(shared, position.next(), Exactness::Exact).await;
                    (batches, bytes) = (0, 0);
                }
                position = EntryId::START;
                continue;
            };
            position = last;
            batches += read.len();
            bytes += read.iter().map(|entry| entry.envelope.len()).sum::<usize>();
            self.open(shared, read, mailbox);
            mailbox.end_of_batch();
            if (batches >= UNTRIMMED_BATCHES || bytes >= UNTRIMMED_BYTES) && trim.is_none() {
                // The last one stays, so that the next silence is followed by a look at what is left.
                (batches, bytes) = (1, 0);
                trim = Some(Box::pin(trim_before(shared, last, Exactness::Rough)));
            }
        }
    }

    fn open(&mut self, shared: &Shared, read: Vec<Entry>, mailbox: &impl Mailbox) {
        let time = shared
            .time
            .offset()
            .map(|offset| (offset, offset.to_redis(shared.time.moment())));
        let mut gaps = Vec::new();
        for entry in read {
            let mut envelope = entry.envelope;
            if let Err(unfit) = self.deliver(shared, &mut envelope, time, &mut gaps, mailbox) {
                match unfit {
                    Unfit::Foreign => shared.counters.dropped_foreign.one(),
                    Unfit::Forged => shared.counters.dropped_forged.one(),
                }
                self.tell_unfit(shared.time.moment());
            }
        }
    }

    fn tell_unfit(&mut self, now: Moment) {
        if self.told_unfit.is_none_or(|told| now.since(told) >= TOLD_EVERY) {
            self.told_unfit = Some(now);
            tracing::warn!(
                "letters came that this node cannot open: a node has another identity.secret or another version, or \
                 somebody else writes to the inboxes"
            );
        }
    }

    fn deliver(
        &mut self,
        shared: &Shared,
        envelope: &mut [u8],
        time: Option<(TimeOffset, RedisMillis)>,
        gaps: &mut Vec<Incarnation>,
        mailbox: &impl Mailbox,
    ) -> Result<(), Unfit> {
        let header = shared.keys.look(envelope)?;
        let from = header.from;
        let moment = shared.time.moment();
        let (batch, arrival) = self
            .correspondents
            .open(&shared.keys, &header, envelope, moment)?;
        if arrival == Arrival::Repeated {
            shared.counters.dropped_duplicate.one();
            return Ok(());
        }
        let fresh = time.filter(|(_, now)| *now <= header.not_after);
        if arrival == Arrival::AfterGap || fresh.is_none() {
            shared.counters.gaps.one();
            // Once for all that was read together.
            if !gaps.contains(&from) {
                gaps.push(from);
                mailbox.gap(from);
            }
        }
        let Some((offset, _)) = fresh else {
            shared.counters.dropped_late.one();
            if let Some((offset, _)) = time {
                hand_in_late(shared, from, Frames::new(batch, offset));
            }
            return Ok(());
        };
        shared.counters.batches_received.one();
        for frame in Frames::new(batch, offset) {
            match frame {
                Ok(frame) => {
                    shared.counters.letters_received.one();
                    hand_in(shared, from, frame, mailbox);
                }
                Err(_) => shared.counters.dropped_malformed.one(),
            }
        }
        Ok(())
    }
}

fn hand_in(shared: &Shared, from: Incarnation, frame: Frame<'_>, mailbox: &impl Mailbox) {
    match frame {
        Frame::Letter(letter) => mailbox.deliver(from, letter),
        Frame::Ask { number, request } => {
            // A seat that was handed over is no longer here: without a way to send it, it stays.
            if shared.can_answer(from) {
                shared.answer(from, number, mailbox.hand_over(from, request).as_ref());
            }
        }
        Frame::Answer { number, answer } => shared.asks.answer(from, number, answer),
    }
}

/// What is late is worth nothing any more, but for what somebody waits for still.
fn hand_in_late(shared: &Shared, from: Incarnation, frames: Frames<'_>) {
    for frame in frames {
        if let Ok(Frame::Answer { number, answer }) = frame {
            shared.asks.answer(from, number, answer);
        }
    }
}

async fn read_after(
    shared: &Shared,
    connection: &mut Dedicated,
    position: EntryId,
) -> Result<Value, StoreError> {
    let mut command = redis::cmd("XREAD");
    command
        .arg("COUNT")
        .arg(shared.options.read_batches)
        .arg("BLOCK")
        .arg(BLOCK.as_millis().to_string())
        .arg("STREAMS")
        .arg(shared.inbox.as_str())
        .arg(position.to_string());
    connection.command(&command).await
}

/// Whether all before an entry is to be removed, or so much of it as is cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exactness {
    Exact,
    Rough,
}

async fn trim_before(shared: &Shared, id: EntryId, exactness: Exactness) {
    let mut command = redis::cmd("XTRIM");
    command
        .arg(shared.inbox.as_str())
        .arg("MINID")
        .arg(match exactness {
            Exactness::Exact => "=",
            Exactness::Rough => "~",
        })
        .arg(id.to_string());
    // What stays is removed the next time.
    let _ = shared.redis.command::<Value>(&shared.inbox, &command).await;
}

/// Waits for `work`, and lets `other` go on meanwhile.
async fn beside<T>(other: &mut Option<Trim<'_>>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    if let Some(running) = other {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = running => {}
        }
        *other = None;
    }
    work.await
}
