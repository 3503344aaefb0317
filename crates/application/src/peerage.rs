//! The other nodes, as far as this one has heard of them, and how well it hears at all.
//!
//! **Architecture Invariant:** what is here is hearsay. It decides what users are told meanwhile, never who is in which
//! chat.

use crate::link::Moved;
use crate::ports::{Hearing, StoreMemory};
use passerby_domain::id::{Incarnation, UserId};
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A node that has missed two heartbeats: it may be dead, and who chats with its users is told so.
const LATE: Millis = Millis::new(1_500);
/// This node has asked the store within such a time all along, so that what is late is the other. A machine that stands still
/// makes all late at once.
const STEADY: Millis = Millis::new(1_200);
/// A node that is not heard from for so long counts as silent: nothing is sent to it.
const SILENT: Millis = Millis::from_secs(3);
/// Somewhat less than that, and than a new owner of a seat waits for what the former has of it: whoever has not been
/// answered for so long may be silent to others, and may have lost seats without knowing.
const UNHEARD: Millis = Millis::from_secs(2);
/// A node that has not looked at its clock for so long may have been asked for a seat in vain, and have lost it: as long as a
/// new owner waits for the answer.
const MISSED: Millis = Millis::new(2_200);
/// A node that the store has not answered for so long takes nobody in.
const CUT: Millis = Millis::new(2_500);
/// After so long it takes itself for given up by the others: to it, they all are silent.
const GIVEN_UP: Millis = Millis::from_secs(4);
/// A node that has not looked at its clock for so long did not run, and others may have taken its seats.
const STALLED: Millis = Millis::from_secs(4);
/// How long a node that begins takes nobody in, so that all others have heard of it before its first user comes.
const INTRODUCTION: Millis = Millis::new(1_100);
/// How long all nodes together take to tell a store again what it has forgotten.
const LEARNING: Millis = Millis::from_secs(4);
/// How long after a store is back all nodes have heard of each other again.
const HEARD_AGAIN: Millis = Millis::new(2_500);
/// How often dead nodes are cleared up after.
const REAP: Millis = Millis::from_secs(1);
/// How often a node looks for seats that the store has as its own and that it does not have.
const AUDIT: Millis = Millis::from_secs(60);
/// How long a node that has taken a seat may take to ask for it: longer than it waits for the answer, and than it is silent until
/// it counts as dead.
const ASKED_FOR: Millis = Millis::from_secs(4);
/// How long the new owner of a seat that was here is remembered.
const FORWARDING: Millis = Millis::from_secs(60);

/// The other nodes, and how this one is.
#[derive(Default)]
pub(crate) struct Peerage {
    hearsay: Mutex<Hearsay>,
    /// When this node last looked at its clock, in milliseconds.
    looked: AtomicU64,
    /// When the store last answered a heartbeat, in milliseconds; 0 if it never has.
    answered: AtomicU64,
    /// When it first did, likewise.
    begun: AtomicU64,
    /// Whether this node stood still, and the store has not heard from it since. Beside the hearsay, since every letter and
    /// every command asks.
    is_unleased: AtomicBool,
    /// Whether this node did not run for long enough that others may have taken seats without its users having gone, and notes
    /// were not compared since. Each message asks.
    stood_still: AtomicBool,
}

#[derive(Default)]
struct Hearsay {
    peers: HashMap<Incarnation, Vital>,
    /// Seats that were here, or were taken in vain, and who holds them as far as is known. Bounded by the number of those in a
    /// minute.
    moved: HashMap<UserId, Moved>,
    ear: Ear,
    last_beat: Beat,
    /// When the store last had to be told all again, if it ever had.
    relearned: Option<Moment>,
    /// When it last answered after it had not for a while, or this node had not asked it.
    heard_again: Option<Moment>,
    /// When the store was last found to have forgotten this node.
    forgotten: Option<Moment>,
    usurpers: Usurpers,
    /// Seats that the store says are another node's, which has not asked for them yet, and since when.
    taken: HashMap<UserId, Moment>,
    /// When notes were last compared with the store and with the others.
    verified: Moment,
    doubt: Doubt,
    /// When dead nodes were last cleared up after.
    reaped: Moment,
    /// When the store was last asked for the seats of this node.
    audited: Moment,
}

/// What came of the last heartbeat.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Beat {
    #[default]
    Missed,
    Answered,
}

/// Whether others may have taken seats of this node without its having heard of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Usurpers {
    #[default]
    None,
    /// Others may take seats still without asking for them, so that it is too early to compare notes.
    Suspected { since: Moment },
    /// The store has heard from this node since: from now on others ask.
    Asked,
    /// Notes are being compared.
    Sought,
}

/// Whether there is reason to compare notes sooner than usual.
#[derive(Clone, Copy, Default)]
enum Doubt {
    #[default]
    None,
    Some,
}

/// Whether a node is heard from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Vital {
    Heard,
    /// It is taken for alive, but for what users are told.
    Late,
    Silent,
}

impl Vital {
    fn is_alive(self) -> bool {
        self != Self::Silent
    }
}

/// Whether this node hears of others.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Ear {
    #[default]
    Good,
    Lost,
}

/// What has changed about the other nodes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// These have missed heartbeats.
    pub(crate) late: Vec<Incarnation>,
    /// These had, and were heard from before they counted as silent.
    pub(crate) in_time: Vec<Incarnation>,
    /// Nothing is heard of these any more.
    pub(crate) silent: Vec<Incarnation>,
    /// These are heard from again.
    pub(crate) back: Vec<Incarnation>,
}

/// How well this node hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The store answers.
    Good,
    /// It has not for a while: nobody is taken in.
    Cut,
}

/// Whether this node has run all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Steady,
    /// It has not: others may have taken its seats meanwhile.
    Stalled,
}

impl Peerage {
    /// The store answered, and named these peers.
    pub(crate) fn hear(&self, peers: &[(Incarnation, Millis)], memory: StoreMemory, now: Moment) -> News {
        let mut hearsay = self.lock();
        let is_first = !self.has_been_answered();
        let is_steady = !is_first && now.since(self.answered()) < STEADY;
        let is_to_learn = hearsay.last_beat == Beat::Missed || memory != StoreMemory::Kept;
        if is_to_learn && !is_first {
            hearsay.relearned = Some(now);
        }
        // Where this node did not run for a while, others may not have run either.
        if (is_to_learn || self.was_unheard(now)) && !is_first {
            hearsay.heard_again = Some(now);
        }
        hearsay.last_beat = Beat::Answered;
        if memory == StoreMemory::Lost {
            hearsay.forgotten = Some(now);
        }
        let is_told_anew = hearsay.forgotten.is_some_and(|at| now.since(at) < SILENT);
        let ear = std::mem::take(&mut hearsay.ear);
        let mut news = News::default();
        let known = std::mem::take(&mut hearsay.peers);
        for (peer, silence) in peers {
            // A store that has just learned of a node from others' words takes it for silent until it speaks itself.
            let before = known.get(peer).copied();
            let is_unfair = is_told_anew && before.is_some_and(Vital::is_alive);
            let vital = match before {
                _ if *silence >= SILENT && !is_unfair => Vital::Silent,
                // Who is just back is not late at once, and a late one is until it speaks.
                Some(Vital::Heard) | None if *silence >= LATE && is_steady && !is_told_anew => Vital::Late,
                Some(Vital::Late) if *silence >= LATE => Vital::Late,
                _ => Vital::Heard,
            };
            match (before, vital) {
                (Some(Vital::Heard | Vital::Late) | None, Vital::Silent) => news.silent.push(*peer),
                (Some(Vital::Silent), Vital::Heard) => news.back.push(*peer),
                // While nothing was heard, all counted as silent.
                (Some(Vital::Heard | Vital::Late), Vital::Heard) if ear == Ear::Lost => {
                    news.back.push(*peer);
                }
                (Some(Vital::Late), Vital::Heard) => news.in_time.push(*peer),
                (Some(Vital::Heard) | None, Vital::Late) => news.late.push(*peer),
                _ => {}
            }
            hearsay.peers.insert(*peer, vital);
        }
        for (peer, vital) in known {
            if vital == Vital::Silent || hearsay.peers.contains_key(&peer) {
                continue;
            }
            if is_told_anew {
                // The store knew nobody, and whoever lives may not have spoken to it yet.
                hearsay.peers.insert(peer, vital);
            } else {
                // Its lease is over and it is forgotten.
                news.silent.push(peer);
            }
        }
        drop(hearsay);
        let millis = now.as_millis().max(1);
        self.answered.store(millis, Ordering::Relaxed);
        // It has a value already after the first time.
        let _ = self
            .begun
            .compare_exchange(0, millis, Ordering::Relaxed, Ordering::Relaxed);
        news
    }

    /// Whether the store may still be learning again what it knew: what it does not know may be there all the same.
    pub(crate) fn store_is_learning(&self, now: Moment) -> bool {
        let relearned = self.lock().relearned;
        relearned.is_some_and(|at| now.since(at) < LEARNING)
    }

    /// Whether others may not have said yet, since the store and this node are back, in which chats their users are, or that
    /// they live.
    pub(crate) fn others_are_being_heard(&self, now: Moment) -> bool {
        let heard_again = self.lock().heard_again;
        self.was_unheard(now) || heard_again.is_some_and(|at| now.since(at) < HEARD_AGAIN)
    }

    fn has_been_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed) != 0
    }

    /// The store did not answer. Names all peers once, when that has lasted too long.
    pub(crate) fn miss(&self, now: Moment) -> Vec<Incarnation> {
        let mut hearsay = self.lock();
        hearsay.last_beat = Beat::Missed;
        if hearsay.ear == Ear::Lost || now.since(self.answered()) < GIVEN_UP {
            return Vec::new();
        }
        hearsay.ear = Ear::Lost;
        let heard = hearsay.peers.iter().filter(|(_, vital)| vital.is_alive());
        heard.map(|(peer, _)| *peer).collect()
    }

    /// Whether the store answered the last heartbeat.
    pub(crate) fn store_answers(&self) -> bool {
        self.lock().last_beat == Beat::Answered
    }

    /// How well the store is heard.
    pub(crate) fn reach(&self, now: Moment) -> Reach {
        let answered = self.answered();
        let begun = Moment::from_millis(self.begun.load(Ordering::Relaxed));
        let is_known = begun != Moment::ORIGIN && now.since(begun) >= INTRODUCTION;
        if is_known && now.since(answered) < CUT {
            Reach::Good
        } else {
            Reach::Cut
        }
    }

    /// The peers that are heard from.
    pub(crate) fn heard(&self) -> Vec<Incarnation> {
        let hearsay = self.lock();
        let heard = hearsay.peers.iter().filter(|(_, vital)| vital.is_alive());
        heard.map(|(peer, _)| *peer).collect()
    }

    /// Whether nothing is known against a peer.
    pub(crate) fn seems_alive(&self, peer: Incarnation) -> bool {
        let hearsay = self.lock();
        hearsay.ear == Ear::Good && hearsay.peers.get(&peer).is_some_and(|vital| vital.is_alive())
    }

    /// This node runs, and all that had to be done about it if it had not is done.
    pub(crate) fn look(&self, now: Moment) {
        if self.stands_still(now) {
            self.stood_still.store(true, Ordering::Release);
        }
        self.looked.store(now.as_millis(), Ordering::Release);
    }

    fn stands_still(&self, now: Moment) -> bool {
        let looked = self.looked.load(Ordering::Acquire);
        looked != 0 && now.since(Moment::from_millis(looked)) >= MISSED
    }

    /// Whether this node did not run for a while, and has not compared notes since: even those whose connections it thinks are
    /// there may be another node's by now.
    pub(crate) fn stood_still(&self, now: Moment) -> bool {
        self.stood_still.load(Ordering::Acquire) || self.stands_still(now)
    }

    /// This node did not run: others may have taken its seats, and may go on until the store hears from it.
    pub(crate) fn lose_lease(&self, now: Moment) {
        self.is_unleased.store(true, Ordering::Release);
        self.suspect_usurpers(now);
    }

    /// Whether it did not run, and has no lease again yet.
    pub(crate) fn is_unleased(&self) -> bool {
        self.is_unleased.load(Ordering::Acquire)
    }

    /// Whether it has run since it last looked.
    pub(crate) fn run(&self, now: Moment) -> Run {
        let looked = self.looked.load(Ordering::Acquire);
        if looked != 0 && now.since(Moment::from_millis(looked)) >= STALLED {
            Run::Stalled
        } else {
            Run::Steady
        }
    }

    /// Whether it is time to compare notes; if so, the next time is counted from now.
    pub(crate) fn is_time_to_verify(&self, now: Moment, ordinary: Millis, soon: Millis) -> bool {
        let mut hearsay = self.lock();
        let interval = match hearsay.doubt {
            Doubt::None => ordinary,
            Doubt::Some => soon,
        };
        let due = now.since(hearsay.verified) >= interval;
        if due {
            hearsay.verified = now;
            hearsay.doubt = Doubt::None;
        }
        due
    }

    /// Whether the store has not answered for so long that others may take this node for silent.
    pub(crate) fn was_unheard(&self, now: Moment) -> bool {
        now.since(self.answered()) >= UNHEARD
    }

    /// Others may have taken seats of this node, and may go on.
    pub(crate) fn suspect_usurpers(&self, now: Moment) {
        self.lock().usurpers = Usurpers::Suspected { since: now };
    }

    /// The store answered a heartbeat that was sent then: this node has a lease again.
    pub(crate) fn renew_lease(&self, sent: Moment) {
        let mut hearsay = self.lock();
        if let Usurpers::Suspected { since } = hearsay.usurpers
            && since <= sent
        {
            hearsay.usurpers = Usurpers::Asked;
            self.is_unleased.store(false, Ordering::Release);
        }
    }

    /// Whether others may have taken seats of this node since it last compared notes to the end.
    pub(crate) fn suspects_usurpers(&self) -> bool {
        self.lock().usurpers != Usurpers::None
    }

    /// Notes are about to be compared.
    pub(crate) fn look_for_usurpers(&self) {
        let mut hearsay = self.lock();
        if hearsay.usurpers == Usurpers::Asked {
            hearsay.usurpers = Usurpers::Sought;
        }
    }

    /// Notes have been compared, and whoever was found has been given what is theirs. What was suspected meanwhile is
    /// suspected still.
    pub(crate) fn found_usurpers(&self) {
        let mut hearsay = self.lock();
        if hearsay.usurpers == Usurpers::Sought {
            hearsay.usurpers = Usurpers::None;
            self.stood_still.store(false, Ordering::Release);
        }
    }

    /// The store says of these seats, and of no others, that another node has them. Names those that it has said so of
    /// for so long that nobody will ask for them any more.
    pub(crate) fn note_taken(&self, seats: &[UserId], now: Moment) -> Vec<UserId> {
        let mut hearsay = self.lock();
        let before = std::mem::take(&mut hearsay.taken);
        hearsay.taken = seats
            .iter()
            .map(|seat| (*seat, before.get(seat).copied().unwrap_or(now)))
            .collect();
        let taken = hearsay.taken.iter();
        let given_up = taken.filter(|(_, since)| now.since(**since) >= ASKED_FOR);
        given_up.map(|(seat, _)| *seat).collect()
    }

    /// There is reason to compare notes soon.
    pub(crate) fn ask_to_verify(&self) {
        self.lock().doubt = Doubt::Some;
    }

    /// Whether it is time to clear up after dead nodes; if so, the next time is counted from now.
    pub(crate) fn is_time_to_reap(&self, now: Moment) -> bool {
        let mut hearsay = self.lock();
        let due = now.since(hearsay.reaped) >= REAP;
        if due {
            hearsay.reaped = now;
        }
        due
    }

    /// Whether it is time to look for seats that only the store knows of: now and then, and when all have told it again what
    /// it may have forgotten. If so, the next time is counted from now.
    pub(crate) fn is_time_to_audit(&self, now: Moment) -> bool {
        let mut hearsay = self.lock();
        let is_told = |at: &Moment| {
            let told = *at + LEARNING;
            hearsay.audited < told && told <= now
        };
        let due = now.since(hearsay.audited) >= AUDIT || hearsay.relearned.as_ref().is_some_and(is_told);
        if due {
            hearsay.audited = now;
        }
        due
    }

    /// The store did not say which seats it has as this node's: it is as if it had never been asked.
    pub(crate) fn audit_failed(&self) {
        self.lock().audited = Moment::ORIGIN;
    }

    /// A seat that was here, or was to come here, is held elsewhere.
    pub(crate) fn note_moved(&self, seat: UserId, moved: Moved) {
        self.lock().moved.insert(seat, moved);
    }

    /// A seat is here again.
    pub(crate) fn note_here(&self, seat: UserId) {
        self.lock().moved.remove(&seat);
    }

    /// Where a seat went that was here.
    pub(crate) fn moved_to(&self, seat: UserId) -> Option<Moved> {
        self.lock().moved.get(&seat).copied()
    }

    /// Forgets who left long ago.
    pub(crate) fn forget_moved(&self, now: Moment) {
        let mut hearsay = self.lock();
        let moved = &mut hearsay.moved;
        moved.retain(|_, went| now.since(went.at) < FORWARDING);
        if moved.capacity() > 64 && moved.len() < moved.capacity() / 8 {
            let room = moved.len() * 2;
            moved.shrink_to(room);
        }
    }

    /// When the store last answered a heartbeat.
    pub(crate) fn answered(&self) -> Moment {
        Moment::from_millis(self.answered.load(Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, Hearsay> {
        self.hearsay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hearing for Peerage {
    fn hears(&self, peer: Incarnation) -> bool {
        let hearsay = self.lock();
        hearsay.ear == Ear::Good && hearsay.peers.get(&peer) == Some(&Vital::Heard)
    }
}

#[cfg(test)]
mod tests;
