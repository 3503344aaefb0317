//! One seat's outbox: numbers what it is told, keeps it, and writes it to the connection that is attached.

use super::accepted::Accepted;
use super::ring::Ring;
use super::{OUTBOX_BYTES, Shared};
use passerby_application::ports::{
    Backlog, Clock, Encoder, Farewell, Flush, Flushed, IdHash, OutboxContents, Receipt, Undelivered, Wire,
    Written,
};
use passerby_domain::id::{ChatId, Seq};
use passerby_domain::notice::{Notice, Persistence, Replay, Welcome};
use passerby_domain::time::Moment;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// Where events are encoded before they are copied into a ring: an idle outbox owns no buffer.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// How a connection takes bytes just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// Freely.
    Open,
    /// Not at all: it is being drained, and will ask for more by itself.
    Draining,
    /// Never again: it is broken, and its reader has not noticed yet.
    Broken,
}

struct Attached<W> {
    wire: Arc<W>,
    flow: Flow,
}

struct Content<W> {
    /// The number of the last event.
    seq: u64,
    chat: Option<ChatId>,
    attached: Option<Attached<W>>,
    ring: Ring,
    accepted: Accepted,
}

pub(super) struct Outbox<W: Wire, C: Clock> {
    shared: Arc<Shared<W, C>>,
    content: Mutex<Content<W>>,
}

/// The bytes that one connection has not taken yet.
struct Pending<W: Wire, C: Clock> {
    outbox: Arc<Outbox<W, C>>,
    wire: Arc<W>,
}

impl<W: Wire, C: Clock> Outbox<W, C> {
    pub(super) fn open(shared: Arc<Shared<W, C>>) -> Arc<Self> {
        Self::unpack(shared, OutboxContents::default())
    }

    /// An outbox that goes on where one on another node ended.
    pub(super) fn unpack(shared: Arc<Shared<W, C>>, contents: OutboxContents) -> Arc<Self> {
        let mut ring = Ring::default();
        for (seq, frame) in &contents.events {
            ring.push_numbered(seq.get(), frame);
        }
        let mut accepted = Accepted::default();
        for id in contents.placed {
            accepted.insert(id);
        }
        let content = Content {
            seq: contents.last.get(),
            chat: contents.chat,
            attached: None,
            ring,
            accepted,
        };
        Arc::new(Self {
            shared,
            content: Mutex::new(content),
        })
    }

    /// Hangs up, and gives all there is away.
    pub(super) fn pack(&self) -> OutboxContents {
        let mut content = self.lock();
        Self::hang_up(&mut content, Farewell::Replaced);
        let events = std::mem::take(&mut content.ring).into_events();
        OutboxContents {
            last: Seq::new(content.seq),
            chat: content.chat.take(),
            events: events
                .into_iter()
                .map(|(seq, frame)| (Seq::new(seq), frame))
                .collect(),
            placed: std::mem::take(&mut content.accepted).into_ids(),
        }
    }

    pub(super) fn attach(self: &Arc<Self>, wire: Arc<W>, seen: Option<Seq>, welcome: &Welcome<'_>) -> Replay {
        let mut content = self.lock();
        Self::hang_up(&mut content, Farewell::Replaced);
        let last = content.seq;
        let replay = match (seen.map(Seq::get), content.ring.oldest()) {
            (None, _) => Replay::Fresh,
            (Some(seen), _) if seen == last => Replay::Whole {
                seq: last,
                replay_to: last,
            },
            (Some(seen), Some(oldest)) if seen < last && seen + 1 >= oldest => Replay::Whole {
                seq: seen,
                replay_to: last,
            },
            (Some(seen), Some(oldest)) if seen < last => Replay::Gap {
                seq: oldest - 1,
                replay_to: last,
            },
            (Some(_), _) => Replay::Gap {
                seq: last,
                replay_to: last,
            },
        };
        let from = match replay {
            Replay::Fresh => 0,
            Replay::Whole { seq, .. } | Replay::Gap { seq, .. } => seq,
        };
        let welcome = Welcome {
            replay,
            ..welcome.clone()
        };
        encode(&self.shared.encoder, &Notice::Welcome(&welcome), None, |frame| {
            content.ring.rewind(from, frame);
        });
        content.attached = Some(Attached {
            wire,
            flow: Flow::Open,
        });
        replay
    }

    pub(super) fn detach(&self) {
        let mut content = self.lock();
        if content.attached.take().is_some() {
            content.ring.lose_connection();
        }
    }

    pub(super) fn post(self: &Arc<Self>, notice: &Notice<'_>, flush: Flush) {
        let mut content = self.lock();
        match notice {
            Notice::Matched { chat, .. } => {
                content.chat = Some(*chat);
                content.accepted.clear();
            }
            Notice::ChatEnded { .. } => content.chat = None,
            // Who has heard nothing of an absence need not hear of its end: so one who comes and goes without end fills
            // nobody's outbox.
            Notice::PartnerBack { .. } if content.ring.retract() => {
                content.seq -= 1;
                return;
            }
            _ => {}
        }
        match notice.persistence() {
            Persistence::Transient if content.attached.is_none() => return,
            Persistence::Transient => encode(&self.shared.encoder, notice, None, |frame| {
                content.ring.push_transient(frame);
            }),
            Persistence::Numbered => content
                .push_numbered(&self.shared.encoder, notice, |_, _| true)
                .unwrap_or_default(),
        }
        if matches!(notice, Notice::PartnerAway { .. }) {
            content.ring.mark_retractable();
        }
        self.after_push(&mut content, flush);
    }

    pub(super) fn reply(self: &Arc<Self>, frame: &[u8], flush: Flush) {
        let mut content = self.lock();
        if content.attached.is_some() {
            content.ring.push_transient(frame);
            self.after_push(&mut content, flush);
        }
    }

    pub(super) fn deliver(
        self: &Arc<Self>,
        chat: ChatId,
        notice: &Notice<'_>,
        id: Option<IdHash>,
    ) -> Result<Receipt, Undelivered> {
        let mut content = self.lock();
        if content.chat != Some(chat) {
            return Err(Undelivered::Gone);
        }
        if notice.persistence() == Persistence::Transient {
            if content.attached.is_none() {
                return Err(Undelivered::Away);
            }
            if !self.has_room(&content) {
                return Err(Undelivered::Full);
            }
            encode(&self.shared.encoder, notice, None, |frame| {
                content.ring.push_transient(frame);
            });
            return Ok(Receipt::Placed);
        }
        if id.is_some_and(|id| content.accepted.contains(id)) {
            return Ok(Receipt::Repeated);
        }
        let limits = &self.shared.limits;
        let fits = |ring: &mut Ring, len: usize| {
            ring.pending_events() < limits.events
                && ring.pending_bytes() + len <= limits.bytes
                && ring.make_room(len, OUTBOX_BYTES)
        };
        let encoder = &self.shared.encoder;
        let mut pushed = content.push_numbered(encoder, notice, fits);
        if pushed.is_none() {
            // Many messages may have come in one read; what the socket takes makes room.
            self.write(&mut content);
            pushed = content.push_numbered(encoder, notice, fits);
        }
        if pushed.is_none() {
            // What is larger than the bound says nothing about a connection that has taken all there was.
            if content.ring.pending_bytes() > 0 {
                Self::hang_up(&mut content, Farewell::SlowConsumer);
            }
            return Err(Undelivered::Full);
        }
        if let Some(id) = id {
            content.accepted.insert(id);
        }
        Ok(Receipt::Placed)
    }

    pub(super) fn has_placed(&self, chat: ChatId, id: IdHash) -> bool {
        let content = self.lock();
        content.chat == Some(chat) && content.accepted.contains(id)
    }

    pub(super) fn placed(&self, chat: ChatId) -> Vec<IdHash> {
        let content = self.lock();
        if content.chat == Some(chat) {
            content.accepted.ids().collect()
        } else {
            Vec::new()
        }
    }

    pub(super) fn last(&self) -> Seq {
        Seq::new(self.lock().seq)
    }

    pub(super) fn flush(self: &Arc<Self>) {
        let mut content = self.lock();
        self.write(&mut content);
    }

    pub(super) fn close(&self, why: Farewell) {
        let mut content = self.lock();
        Self::hang_up(&mut content, why);
    }

    pub(super) fn tidy(&self, now: Moment) {
        let mut content = self.lock();
        let horizon = now - self.shared.limits.retention;
        // Before so much time has passed there is nothing to forget.
        if let Some(second) = second(horizon).checked_sub(1) {
            content.ring.forget_written(second);
        }
    }

    fn has_room(&self, content: &Content<W>) -> bool {
        let limits = &self.shared.limits;
        content.ring.pending_events() < limits.events && content.ring.pending_bytes() <= limits.bytes
    }

    /// What was pushed without asking may be more than a connection should have waiting for it.
    fn after_push(self: &Arc<Self>, content: &mut Content<W>, flush: Flush) {
        let is_over = |content: &Content<W>| {
            let limits = &self.shared.limits;
            content.ring.pending_events() > limits.events || content.ring.pending_bytes() > limits.bytes
        };
        if flush == Flush::Now || is_over(content) {
            self.write(content);
        }
        if content.attached.is_some() && is_over(content) {
            Self::hang_up(content, Farewell::SlowConsumer);
        }
    }

    /// Writes what the connection takes.
    fn write(self: &Arc<Self>, content: &mut Content<W>) {
        let Content {
            attached: Some(attached),
            ring,
            ..
        } = content
        else {
            return;
        };
        if attached.flow != Flow::Open || !ring.has_unwritten() {
            return;
        }
        if self.write_to(attached, ring) == Flushed::Something {
            attached.flow = Flow::Draining;
            attached.wire.drain(Arc::new(Pending {
                outbox: self.clone(),
                wire: attached.wire.clone(),
            }));
        }
    }

    fn write_to(&self, attached: &mut Attached<W>, ring: &mut Ring) -> Flushed {
        let (first, second_part) = ring.unwritten();
        match attached.wire.write(first, second_part) {
            Written::Some(count) => ring.wrote(count, second(self.shared.clock.now())),
            Written::Blocked => {}
            Written::Broken(_) => {
                attached.flow = Flow::Broken;
                return Flushed::Nothing;
            }
        }
        if ring.has_unwritten() {
            Flushed::Something
        } else {
            Flushed::Nothing
        }
    }

    fn hang_up(content: &mut Content<W>, why: Farewell) {
        let Some(Attached { wire, .. }) = content.attached.take() else {
            return;
        };
        let rest = match why {
            // These are told the rest on their next connection, or there is no room for it.
            Farewell::Replaced | Farewell::SlowConsumer => content.ring.begun_frame(),
            Farewell::Banned(_)
            | Farewell::Kicked
            | Farewell::IdleTimeout
            | Farewell::Restarting
            | Farewell::Overloaded => content.ring.unwritten_to_vec(),
        };
        content.ring.lose_connection();
        wire.close(rest, why);
    }

    fn lock(&self) -> MutexGuard<'_, Content<W>> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Wire> Content<W> {
    /// Numbers `notice` and appends it, if `fits` says that so many bytes may be. Written events make room for it.
    fn push_numbered(
        &mut self,
        encoder: &W::Encoder,
        notice: &Notice<'_>,
        fits: impl FnOnce(&mut Ring, usize) -> bool,
    ) -> Option<()> {
        let seq = self.seq + 1;
        let ring = &mut self.ring;
        let pushed = encode(encoder, notice, Some(Seq::new(seq)), |frame| {
            if !fits(ring, frame.len()) {
                return None;
            }
            ring.make_room(frame.len(), OUTBOX_BYTES);
            ring.push_numbered(seq, frame);
            Some(())
        });
        if pushed.is_some() {
            self.seq = seq;
        }
        pushed
    }
}

impl<W: Wire, C: Clock> Backlog for Pending<W, C> {
    fn flush(&self) -> Flushed {
        let mut content = self.outbox.lock();
        let Content { attached, ring, .. } = &mut *content;
        let Some(attached) = attached
            .as_mut()
            .filter(|attached| Arc::ptr_eq(&attached.wire, &self.wire))
        else {
            return Flushed::Nothing;
        };
        let left = self.outbox.write_to(attached, ring);
        if left == Flushed::Nothing && attached.flow == Flow::Draining {
            attached.flow = Flow::Open;
        }
        left
    }

    fn stalled(&self) {
        let mut content = self.outbox.lock();
        if content
            .attached
            .as_ref()
            .is_some_and(|attached| Arc::ptr_eq(&attached.wire, &self.wire))
        {
            Outbox::<W, C>::hang_up(&mut content, Farewell::SlowConsumer);
        }
    }
}

fn encode<R>(
    encoder: &impl Encoder,
    notice: &Notice<'_>,
    seq: Option<Seq>,
    then: impl FnOnce(&[u8]) -> R,
) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        encoder.encode(notice, seq, scratch);
        let answer = then(scratch);
        // One large event must not be remembered for ever.
        if scratch.capacity() > 64 * 1024 {
            *scratch = Vec::new();
        }
        answer
    })
}

/// The second of the clock, for ages that need not be exact.
fn second(moment: Moment) -> u32 {
    u32::try_from(moment.as_millis() / 1_000).unwrap_or(u32::MAX)
}
