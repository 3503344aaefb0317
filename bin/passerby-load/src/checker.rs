//! Watches whether the server keeps what the protocol promises, while users live.
//!
//! Each seat is followed by itself ([`seat`]), its questions and the answers to them too ([`answers`]), and all chats
//! together ([`book`]), where the two ends of a chat meet.
//!
//! **Architecture Invariants:** pure but for one lock; knows only what users said and were told, and when. What follows a
//! violation is judged as if it had not been, so that one fault is not told a hundred times. Settled messages and chats
//! are forgotten, so that memory does not grow with the length of a run.

pub(crate) mod answers;
pub(crate) mod book;
pub(crate) mod seat;
pub(crate) mod violation;

use std::sync::{Mutex, MutexGuard, PoisonError};

use book::Book;

/// The number of a seat in order of appearance.
pub(crate) type SeatNumber = u64;

/// How much a connection knows of its past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Everything since its seat was made.
    Whole,
    /// Some events are lost (`gap`), and those that are left are being replayed.
    Blind,
}

/// The book that all users share.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    book: Mutex<Book>,
}

impl Checker {
    /// For a short while.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
