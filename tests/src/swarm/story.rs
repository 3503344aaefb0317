//! What users went through, told line by line when a rule is broken: it is hard to find out afterwards.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use super::record::SeatNumber;

/// So much of what was said is kept.
const KEPT: usize = 400_000;
/// What is longer ago is not told when a rule is broken.
const RECENT: Duration = Duration::from_secs(12);

/// Something a fault may show in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A fresh seat, on this node.
    Seated(String),
    /// The user asks for a partner.
    Joins,
    /// `waiting`.
    Waiting,
    /// `idle`.
    Idle,
    /// `matched`.
    Matched,
    /// `partner_away`.
    Away,
    /// `partner_back`.
    Back,
    /// `chat_ended` for this reason.
    Ended(String),
    /// `chat_ended` of a chat that nobody else had been told of yet: a fault came between.
    Unborn,
    /// `waiting` with `paused`.
    Paused,
    /// A command was refused with this code.
    Refused(String),
    /// A connection ended with this close code, or without one.
    Closed(Option<u16>),
    /// A user could not get in.
    TurnedAway {
        /// The HTTP status; none where there was no answer.
        status: Option<u16>,
        /// What the attempt took.
        took: Duration,
    },
    /// A seat was taken back, after so long without a connection; `gap` of its `welcome`.
    Resumed {
        /// Whether events were lost.
        gap: bool,
        /// The time without a connection.
        after: Duration,
        /// Where.
        node: String,
        /// The position of its `welcome`.
        seq: u64,
    },
    /// The user came in by this door and was gone before the `welcome` was read.
    Unwelcomed(usize),
    /// A seat was found gone.
    Lost,
}

/// Something that happened, when, and to which seat.
#[derive(Clone, Debug)]
pub struct Happened {
    /// When the user read it.
    pub at: Instant,
    /// Whose.
    pub seat: usize,
    /// What.
    pub what: Happening,
}

/// What was done with a message, by its number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Talk {
    Said(u64),
    Acked(u64),
    Refused(u64),
    Received(u64),
}

impl fmt::Display for Talk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(number) => write!(formatter, "says {number}"),
            Self::Acked(number) => write!(formatter, "is told that {number} has arrived"),
            Self::Refused(number) => write!(formatter, "is refused {number}"),
            Self::Received(number) => write!(formatter, "receives {number}"),
        }
    }
}

/// What was said last, by all.
#[derive(Debug, Default)]
pub(super) struct RecentTalk(VecDeque<(Instant, SeatNumber, Talk)>);

impl RecentTalk {
    pub(super) fn note(&mut self, at: Instant, seat: SeatNumber, talk: Talk) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((at, seat, talk));
    }
}

/// What these seats went through, a line each, with the time since the first of all that happened.
pub fn story(happened: &[Happened], seats: &[usize]) -> Vec<String> {
    let began = began(happened);
    let theirs = happened.iter().filter(|happened| seats.contains(&happened.seat));
    theirs.map(|of| line(began, of.at, of.seat, &of.what)).collect()
}

/// What these seats went through lately and what they said, in the order of time.
pub(super) fn recently(happened: &[Happened], talk: &RecentTalk, seats: &[SeatNumber]) -> Vec<String> {
    let (began, now) = (began(happened), Instant::now());
    let is_theirs = |at: Instant, seat| now.saturating_duration_since(at) < RECENT && seats.contains(&seat);
    let happened = happened.iter().filter(|of| is_theirs(of.at, of.seat));
    let happened = happened.map(|of| (of.at, line(began, of.at, of.seat, &of.what)));
    let talk = talk.0.iter().filter(|(at, seat, _)| is_theirs(*at, *seat));
    let talk = talk.map(|(at, seat, talk)| (*at, line(began, *at, *seat, &format_args!("{talk}"))));
    let mut lines: Vec<_> = happened.chain(talk).collect();
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn began(happened: &[Happened]) -> Option<Instant> {
    happened.first().map(|first| first.at)
}

fn line(began: Option<Instant>, at: Instant, seat: SeatNumber, what: &dyn fmt::Debug) -> String {
    let after = began.map_or(Duration::ZERO, |began| at.saturating_duration_since(began));
    format!("{after:.3?}: seat {seat}: {what:?}")
}
