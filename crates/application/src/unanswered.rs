//! Messages on their way to another node, of which nothing is known yet.
//!
//! **Architecture Invariant:** bounded, and owns nothing while nothing is on its way.

use crate::ports::{Consignment, IdHash, Repetition};
use passerby_domain::id::{ChatId, Generation, Incarnation, Tenure};
use passerby_domain::text::MessageId;
use passerby_domain::time::{Millis, Moment};
use std::collections::VecDeque;

/// How many messages of one seat may be on their way at once.
const CAPACITY: usize = 256;
/// How many bytes of texts may be kept for one seat, to follow a partner who moves.
const KEPT_BYTES: usize = 64 * 1024;
/// How long an answer is waited for. A letter that has not arrived after 2 s never does, so by then the message was
/// received or never will be; and the user is told a tick later, which is within the three seconds of the protocol.
pub(crate) const ANSWER: Millis = Millis::new(2_500);

/// The id that a user gave a message, kept to answer with.
#[derive(Clone, Copy)]
pub(crate) struct KeptId {
    bytes: [u8; Self::MAX],
    len: u8,
    pub(crate) hash: IdHash,
}

impl KeptId {
    /// The longest id, as the protocol has it.
    const MAX: usize = 64;

    pub(crate) fn new(id: MessageId<'_>, hash: IdHash) -> Self {
        let text = id.as_str().as_bytes();
        let len = text.len().min(Self::MAX);
        let mut bytes = [0; Self::MAX];
        bytes[..len].copy_from_slice(&text[..len]);
        Self {
            bytes,
            len: u8::try_from(len).unwrap_or_default(),
            hash,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

/// One message, or signal, on its way.
pub(crate) struct Entry {
    pub(crate) consignment: Consignment,
    /// The number under which it was sent first: the order in which the user said it.
    pub(crate) order: Consignment,
    pub(crate) chat: ChatId,
    pub(crate) id: Option<KeptId>,
    /// The id of what is no message, to refuse it with.
    pub(crate) named: Option<Box<str>>,
    pub(crate) attempt: Attempt,
    /// What it takes to send it after a partner who moves.
    pub(crate) kept: Option<Kept>,
    /// When it was sent first.
    pub(crate) sent: Moment,
    /// How often the present connection of its user has sent it, each of which is to be answered.
    pub(crate) sendings: u8,
}

impl Entry {
    /// What the user calls it.
    pub(crate) fn name(&self) -> Option<&str> {
        self.id.as_ref().map(KeptId::as_str).or(self.named.as_deref())
    }

    /// How many answers it gets: one at least, since its user may not have come to sending it again.
    pub(crate) fn answers(&self) -> u8 {
        self.sendings.max(1)
    }

    fn kept_bytes(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.text.len())
    }
}

/// A message as it was sent.
pub(crate) struct Kept {
    /// Where it was sent to.
    pub(crate) to: Incarnation,
    pub(crate) text: Box<str>,
}

/// Whether a message may have been passed on before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    First,
    /// It hardly is one, but nobody remembers.
    Late,
    /// Nobody remembers.
    Perhaps,
    /// It was sent by a former owner of the seat, and nobody here knows what became of that.
    Again,
}

impl Attempt {
    /// What sending a message so makes of it. `may_be_late`: the client may be sending again what a dead node had passed on,
    /// though it had time to do so before.
    pub(crate) fn new(repetition: &Repetition, may_be_late: impl FnOnce() -> bool) -> Self {
        match repetition {
            Repetition::No if may_be_late() => Self::Late,
            Repetition::No => Self::First,
            Repetition::Perhaps => Self::Perhaps,
            Repetition::Yes { .. } => Self::Again,
        }
    }

    /// Whether it is followed to where the partner is, since only there it is known what became of it before.
    pub(crate) fn is_followed(self) -> bool {
        matches!(self, Self::Perhaps | Self::Again)
    }

    /// Whether it may have come before, so that whoever refuses it now does not say that it never did.
    pub(crate) fn may_have_come(self) -> bool {
        self != Self::First
    }
}

/// The messages of one seat that are on their way, oldest first.
#[derive(Default)]
pub(crate) struct Unanswered {
    last: Consignment,
    /// The last that is not known to have been sent before, and where it went.
    last_new: Consignment,
    new_went_to: Option<Incarnation>,
    /// The last of those that went elsewhere.
    last_elsewhere: Consignment,
    entries: VecDeque<Entry>,
    /// Bytes of the texts that are kept.
    kept_bytes: usize,
    /// Whether the node will look after these by itself.
    pub(crate) watch: Watch,
}

/// Whether a seat is on the node's list of those with messages on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Watch {
    #[default]
    Unlisted,
    Listed,
}

impl Unanswered {
    /// A number for one more, if there is room for it. No two tenures of a seat give the same: a receipt for what was sent in an
    /// earlier one may come when the seat has been elsewhere and is back.
    pub(crate) fn next(&self, tenure: Tenure) -> Option<Consignment> {
        let last = self.last.0.max(Generation::first_of(tenure).get());
        (self.entries.len() < CAPACITY).then_some(Consignment(last + 1))
    }

    /// A message has been sent to `to`.
    pub(crate) fn push(&mut self, mut entry: Entry, to: Incarnation) {
        if self.kept_bytes + entry.kept_bytes() > KEPT_BYTES {
            entry.kept = None;
        }
        self.kept_bytes += entry.kept_bytes();
        self.last = entry.consignment;
        // What follows a partner keeps its place.
        let is_new = entry.attempt != Attempt::Again && entry.order == entry.consignment;
        if is_new {
            if self.new_went_to != Some(to) {
                self.last_elsewhere = self.last_new;
                self.new_went_to = Some(to);
            }
            self.last_new = entry.order;
        }
        self.entries.push_back(entry);
    }

    /// A message with this id is sent again: one more answer is due when its receipt comes. False if none is on its way.
    pub(crate) fn send_again(&mut self, chat: ChatId, id: IdHash) -> bool {
        let known = self.entries.iter_mut().find(|entry| is_one(entry, chat, id));
        let Some(entry) = known else {
            return false;
        };
        entry.sendings = entry.sendings.saturating_add(1);
        true
    }

    /// The connection that sent these is gone, and waits for no answer.
    pub(crate) fn forget_sendings(&mut self) {
        for entry in &mut self.entries {
            entry.sendings = 0;
        }
    }

    /// The ids of those in `chat` that were sent before this one was, or of all, if it is none of them.
    pub(crate) fn before(&self, chat: ChatId, id: Option<IdHash>) -> Vec<IdHash> {
        let ids = self.entries.iter().filter(|entry| entry.chat == chat);
        let ids = ids.filter_map(|entry| entry.id).map(|known| known.hash);
        ids.take_while(|known| Some(*known) != id).collect()
    }

    /// The ids of those in `chat` that were said before what has this place.
    pub(crate) fn said_before(&self, chat: ChatId, order: Consignment) -> Vec<IdHash> {
        let before = self
            .entries
            .iter()
            .filter(|entry| entry.chat == chat && entry.order < order);
        before
            .filter_map(|entry| entry.id)
            .map(|known| known.hash)
            .collect()
    }

    /// Takes out all with this id, which has arrived otherwise; tells how many answers are due.
    pub(crate) fn take_all_of(&mut self, chat: ChatId, id: IdHash) -> usize {
        let all = self.entries.iter().filter(|entry| is_one(entry, chat, id));
        let answers = all.map(|entry| usize::from(entry.answers())).sum();
        self.entries.retain(|entry| !is_one(entry, chat, id));
        self.kept_bytes = self.entries.iter().map(Entry::kept_bytes).sum();
        answers
    }

    /// Whether what was said at this place, which `to` has refused, may be sent again without being overtaken: whatever new
    /// was sent after it went the same way, and is refused there too.
    pub(crate) fn is_overtaken_by_nothing(&self, order: Consignment, to: Incarnation) -> bool {
        let since = if self.new_went_to == Some(to) {
            self.last_elsewhere
        } else {
            self.last_new
        };
        // The last one has nothing behind it.
        order >= since
    }

    /// Whether the last of them went to `owner`, as far as that is kept.
    pub(crate) fn went_last_to(&self, owner: Incarnation) -> bool {
        let last = self.entries.back().and_then(|entry| entry.kept.as_ref());
        last.is_some_and(|kept| kept.to == owner)
    }

    /// Takes out the one that is answered.
    pub(crate) fn take(&mut self, consignment: Consignment) -> Option<Entry> {
        let index = self
            .entries
            .binary_search_by_key(&consignment, |entry| entry.consignment)
            .ok()?;
        let taken = self.entries.remove(index)?;
        self.kept_bytes -= taken.kept_bytes();
        Some(taken)
    }

    /// Takes out one that has waited for too long.
    pub(crate) fn take_overdue(&mut self, now: Moment) -> Option<Entry> {
        // What has followed a partner is older than its number.
        let index = self.entries.iter().position(|entry| entry.sent + ANSWER <= now)?;
        let taken = self.entries.remove(index)?;
        self.kept_bytes -= taken.kept_bytes();
        Some(taken)
    }

    /// Whether nothing is on its way; memory is given back then.
    pub(crate) fn is_settled(&mut self) -> bool {
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
        self.entries.is_empty()
    }
}

fn is_one(entry: &Entry, chat: ChatId, id: IdHash) -> bool {
    entry.chat == chat && entry.id.is_some_and(|known| known.hash == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_000);

    const HERE: Incarnation = Incarnation::from_bits(1);
    const THERE: Incarnation = Incarnation::from_bits(2);

    fn entry(consignment: Consignment, attempt: Attempt) -> Entry {
        Entry {
            consignment,
            chat: ChatId::from_bits(1),
            id: None,
            named: None,
            order: consignment,
            attempt,
            kept: None,
            sent: NOW,
            sendings: 1,
        }
    }

    #[test]
    fn what_is_new_and_went_elsewhere_overtakes_and_what_went_the_same_way_does_not() {
        let mut unanswered = Unanswered::default();
        unanswered.push(entry(Consignment(1), Attempt::Again), HERE);
        assert!(unanswered.is_overtaken_by_nothing(Consignment(1), HERE));
        unanswered.push(entry(Consignment(2), Attempt::First), HERE);
        assert!(unanswered.is_overtaken_by_nothing(Consignment(1), HERE));
        assert!(!unanswered.is_overtaken_by_nothing(Consignment(1), THERE));
        unanswered.push(entry(Consignment(3), Attempt::First), THERE);
        assert!(!unanswered.is_overtaken_by_nothing(Consignment(1), HERE));
        unanswered.push(entry(Consignment(4), Attempt::Again), THERE);
        unanswered.push(entry(Consignment(5), Attempt::Perhaps), THERE);
        assert!(!unanswered.is_overtaken_by_nothing(Consignment(1), THERE));
        assert!(unanswered.is_overtaken_by_nothing(Consignment(4), THERE));
        unanswered.push(entry(Consignment(6), Attempt::Perhaps), HERE);
        assert!(!unanswered.is_overtaken_by_nothing(Consignment(4), THERE));
    }

    #[test]
    fn what_follows_a_partner_keeps_its_place() {
        let mut unanswered = Unanswered::default();
        for number in 1..=3 {
            unanswered.push(entry(Consignment(number), Attempt::First), HERE);
        }
        for number in 1..=3 {
            assert!(unanswered.is_overtaken_by_nothing(Consignment(number), HERE));
            let follower = Entry {
                order: Consignment(number),
                ..entry(Consignment(3 + number), Attempt::First)
            };
            unanswered.push(follower, THERE);
        }
        unanswered.push(entry(Consignment(7), Attempt::First), THERE);
        assert!(!unanswered.is_overtaken_by_nothing(Consignment(3), HERE));
    }

    #[test]
    fn what_is_sent_again_overtakes_nothing() {
        let mut unanswered = Unanswered::default();
        unanswered.push(entry(Consignment(1), Attempt::First), HERE);
        unanswered.push(entry(Consignment(2), Attempt::Again), THERE);
        assert!(unanswered.is_overtaken_by_nothing(Consignment(1), HERE));
        // Nor does what went after the partner, and came back with them.
        for (number, to) in [(3, THERE), (4, HERE)] {
            let follower = Entry {
                order: Consignment(1),
                ..entry(Consignment(number), Attempt::First)
            };
            unanswered.push(follower, to);
        }
        assert!(unanswered.is_overtaken_by_nothing(Consignment(1), HERE));
    }

    #[test]
    fn no_more_texts_are_kept_than_have_room() {
        let mut unanswered = Unanswered::default();
        let kept = |number| Entry {
            kept: Some(Kept {
                to: HERE,
                text: "x".repeat(KEPT_BYTES / 2).into(),
            }),
            ..entry(Consignment(number), Attempt::First)
        };
        let has_text = |entry: Option<Entry>| entry.is_some_and(|entry| entry.kept.is_some());
        for number in 1..=3 {
            unanswered.push(kept(number), HERE);
        }
        assert!(!has_text(unanswered.take(Consignment(3))));
        assert!(has_text(unanswered.take(Consignment(2))));
        unanswered.push(kept(4), HERE);
        assert!(has_text(unanswered.take(Consignment(4))));
        // However one is taken out, its text makes room.
        let id = MessageId::parse("a").expect("it is one");
        for number in [5, 6] {
            let named = Entry {
                id: Some(KeptId::new(id, IdHash(1))),
                ..kept(number)
            };
            unanswered.push(named, HERE);
        }
        assert_eq!(unanswered.take_all_of(ChatId::from_bits(1), IdHash(1)), 2);
        unanswered.push(kept(7), HERE);
        let overdue = std::iter::from_fn(|| unanswered.take_overdue(NOW + ANSWER));
        assert_eq!(overdue.filter(|entry| entry.kept.is_some()).count(), 2);
        for number in [8, 9] {
            unanswered.push(kept(number), HERE);
        }
        assert!(has_text(unanswered.take(Consignment(8))));
        assert!(has_text(unanswered.take(Consignment(9))));
    }

    #[test]
    fn what_is_answered_is_no_longer_on_its_way_and_the_rest_is_overdue_in_its_order() {
        let mut unanswered = Unanswered::default();
        for _ in 0..3 {
            let next = unanswered.next(Tenure::FIRST).expect("there is room");
            unanswered.push(entry(next, Attempt::First), HERE);
        }
        assert!(unanswered.take(Consignment(2)).is_some());
        assert!(unanswered.take(Consignment(2)).is_none());
        assert!(unanswered.take_overdue(NOW + ANSWER - Millis::new(1)).is_none());
        let overdue = std::iter::from_fn(|| unanswered.take_overdue(NOW + ANSWER));
        assert_eq!(
            overdue.map(|entry| entry.consignment.0).collect::<Vec<_>>(),
            [1, 3]
        );
        assert!(unanswered.is_settled());
        assert_eq!(
            unanswered.next(Tenure::FIRST),
            Some(Consignment(4)),
            "a number is never given again"
        );
    }

    #[test]
    fn no_more_than_256_are_on_their_way() {
        let mut unanswered = Unanswered::default();
        while let Some(next) = unanswered.next(Tenure::FIRST) {
            unanswered.push(entry(next, Attempt::First), HERE);
        }
        assert_eq!(unanswered.entries.len(), CAPACITY);
        unanswered.take(Consignment(7));
        assert!(unanswered.next(Tenure::FIRST).is_some());
    }
}
