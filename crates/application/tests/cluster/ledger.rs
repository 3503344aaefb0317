//! What all clients together were told, and whether that may be.

use passerby_domain::id::{ChatId, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// A message as its writer knows it: who wrote it, and its number.
pub(crate) type Name = (UserId, u64);

/// What became of one message.
#[derive(Debug, Default)]
struct Course {
    chat: Option<ChatId>,
    acknowledged: bool,
    refused: bool,
    received: bool,
}

/// What all clients together were told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    seats: BTreeMap<ChatId, BTreeSet<UserId>>,
    messages: BTreeMap<Name, Course>,
    /// Seats that died, or whose client was told that something may be missing.
    lossy: BTreeSet<UserId>,
    /// The last attempt of each writer that was read in each chat.
    read: BTreeMap<(ChatId, UserId), u64>,
}

impl Ledger {
    pub(crate) fn began(&mut self, chat: ChatId, seat: UserId) {
        let seats = self.seats.entry(chat).or_default();
        assert!(seats.insert(seat), "{chat} is announced twice to {seat}");
        assert!(seats.len() <= 2, "{chat} has {seats:?}");
    }

    pub(crate) fn wrote(&mut self, message: Name, chat: ChatId) {
        self.messages.entry(message).or_default().chat = Some(chat);
    }

    pub(crate) fn acknowledged(&mut self, message: Name) {
        self.messages.entry(message).or_default().acknowledged = true;
    }

    pub(crate) fn refused(&mut self, message: Name) {
        self.messages.entry(message).or_default().refused = true;
    }

    pub(crate) fn lost_some(&mut self, seat: UserId) {
        self.lossy.insert(seat);
    }

    /// A message was read, in this chat, by this seat.
    pub(crate) fn received(&mut self, message: Name, attempt: u64, chat: ChatId, reader: UserId) {
        let (writer, number) = message;
        assert_ne!(writer, reader, "an own message came back");
        let course = self.messages.entry(message).or_default();
        assert_eq!(course.chat, Some(chat), "message {number} was meant for another");
        assert!(!course.received, "message {number} of {writer} came twice");
        course.received = true;
        let last = self.read.insert((chat, writer), attempt);
        assert!(
            last < Some(attempt),
            "attempt {attempt} of {writer} came after {last:?}"
        );
    }

    /// Whether what writers were told of their messages was true.
    pub(crate) fn check_answers(&self) {
        for ((writer, number), course) in &self.messages {
            let readers = course.chat.and_then(|chat| self.seats.get(&chat));
            let readers: Vec<_> = readers.into_iter().flatten().collect();
            let may_miss = readers.len() < 2 || readers.iter().any(|seat| self.lossy.contains(seat));
            assert!(
                !course.acknowledged || course.received || may_miss,
                "message {number} of {writer} was acknowledged and never came: {course:?} {readers:?}"
            );
            assert!(
                !course.refused || !course.received,
                "message {number} of {writer} was refused and came: {course:?}"
            );
        }
    }

    /// How many chats began.
    pub(crate) fn chats(&self) -> usize {
        self.seats.len()
    }

    /// How many messages were read.
    pub(crate) fn messages(&self) -> usize {
        self.messages.values().filter(|course| course.received).count()
    }
}
