//! The way from a seat to its partner: on this node, or through another one.

use crate::book::Acquaintance;
use crate::ports::{IdHash, Ports, Recollection, Stranger};
use crate::seat::Seat;
use passerby_domain::id::{Generation, Incarnation, Tenure, UserId};
use passerby_domain::notice::ChatFacts;
use passerby_domain::time::{Millis, Moment};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many ids of messages are remembered: the protocol's 64.
const REMEMBERED: usize = 64;
/// How long after the end of a grace its owner's word of it is waited for.
const OWNERS_WORD: Millis = Millis::from_secs(2);

/// The way to the partner, and what is known of the chat.
pub(crate) struct Link<P: Ports> {
    pub(crate) partner: Partner<P>,
    pub(crate) facts: Box<ChatFacts>,
    /// Since the partner's connection dropped, or nobody knows of it: how long the chat is held for them.
    pub(crate) absence: Option<Absence>,
    /// The partner's generation when they last went or came back, as far as this seat has heard. What is older is
    /// stale: two threads, or two nodes, may bring news of one partner in the wrong order.
    pub(crate) partner_heard: Generation,
    /// Whether the partner's owner remembers all that it accepted in this chat.
    pub(crate) partner_recollection: Recollection,
}

/// A partner who is not there.
#[derive(Clone, Copy)]
pub(crate) struct Absence {
    /// Until when the chat is held for them.
    pub(crate) until: Moment,
    pub(crate) cause: Cause,
}

/// Why a partner counts as away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Their owner said so.
    Told,
    /// A former owner said so, of this seat or of the partner's; whoever speaks for them now has not.
    Inherited,
    /// Their owner has missed heartbeats, and may be there yet.
    Delay,
    /// Nothing is heard of their owner.
    Silence,
}

/// The partner of a seat.
pub(crate) enum Partner<P: Ports> {
    /// Their seat is on this node.
    Here(Arc<Seat<P>>),
    /// Another node holds it.
    There(Box<Remote>),
}

/// A partner whose seat another node holds.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(crate) who: Acquaintance,
    pub(crate) owner: Incarnation,
    /// The tenure in which that owner holds it, if it was said by the one before, or by the store, and not yet by itself.
    pub(crate) announced: Tenure,
    /// When the owner said that it knows nothing of this chat, if it did.
    pub(crate) disowned: Option<Moment>,
    /// Messages that the owner was sent in this chat.
    pub(crate) sent: Sent,
}

/// Where a seat is that was on this node, or that this node took in vain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    pub(crate) owner: Incarnation,
    /// Of the seat, when the new owner took it.
    pub(crate) generation: Generation,
    pub(crate) at: Moment,
    /// When the connection that it went for had come there, if the new owner said so.
    pub(crate) came: Option<Moment>,
}

/// The ids of the messages that the partner's owner was sent, oldest first: should it die, nobody knows what became of
/// them, and one that is sent again must not be passed on again.
#[derive(Clone, Default)]
pub(crate) struct Sent(VecDeque<(IdHash, Course)>);

/// What is known of a message that was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    Open,
    Received,
}

impl Sent {
    pub(crate) fn add(&mut self, id: IdHash) {
        if self.contains(id) {
            return;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((id, Course::Open));
    }

    pub(crate) fn contains(&self, id: IdHash) -> bool {
        self.0.iter().any(|(known, _)| *known == id)
    }

    /// What was sent after this one, if it was sent.
    pub(crate) fn after(&self, id: IdHash) -> Vec<IdHash> {
        let later = self.0.iter().skip_while(|(known, _)| *known != id).skip(1);
        later.map(|(id, _)| *id).collect()
    }

    pub(crate) fn note_received(&mut self, id: IdHash) {
        for (known, course) in &mut self.0 {
            if *known == id {
                *course = Course::Received;
            }
        }
    }

    pub(crate) fn was_received(&self, id: IdHash) -> bool {
        self.0.contains(&(id, Course::Received))
    }

    pub(crate) fn forget(&mut self, id: IdHash) {
        self.0.retain(|(known, _)| *known != id);
    }

    pub(crate) fn take(&mut self) -> Vec<IdHash> {
        let sent = std::mem::take(self);
        sent.to_vec()
    }

    pub(crate) fn to_vec(&self) -> Vec<IdHash> {
        self.0.iter().map(|(id, _)| *id).collect()
    }
}

impl FromIterator<IdHash> for Sent {
    fn from_iter<I: IntoIterator<Item = IdHash>>(ids: I) -> Self {
        let mut sent = Self::default();
        for id in ids {
            sent.add(id);
        }
        sent
    }
}

impl Remote {
    pub(crate) fn new(stranger: &Stranger) -> Self {
        Self {
            who: Acquaintance {
                user: stranger.stamp.seat,
                origin: stranger.origin,
                lasting_origin: stranger.lasting_origin,
            },
            owner: stranger.owner,
            announced: stranger.stamp.generation.tenure(),
            disowned: None,
            sent: Sent::default(),
        }
    }
}

impl<P: Ports> Clone for Partner<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Here(seat) => Self::Here(seat.clone()),
            Self::There(remote) => Self::There(remote.clone()),
        }
    }
}

impl<P: Ports> Partner<P> {
    /// Who it is.
    pub(crate) fn who(&self) -> Acquaintance {
        match self {
            Self::Here(seat) => Acquaintance::of(seat),
            Self::There(remote) => remote.who,
        }
    }

    pub(crate) fn user(&self) -> UserId {
        match self {
            Self::Here(seat) => seat.user(),
            Self::There(remote) => remote.who.user,
        }
    }
}

impl<P: Ports> Link<P> {
    /// The way to one with whom a chat has just begun.
    pub(crate) fn new(partner: Partner<P>, facts: ChatFacts) -> Self {
        Self {
            partner,
            facts: Box::new(facts),
            absence: None,
            partner_heard: Generation::default(),
            partner_recollection: Recollection::Whole,
        }
    }

    /// When a partner on another node who is away is given up. Their owner says so itself, unless it cannot.
    pub(crate) fn given_up_at(&self) -> Option<Moment> {
        self.remote()?;
        let absence = self.absence?;
        Some(match absence.cause {
            Cause::Told | Cause::Inherited => absence.until + OWNERS_WORD,
            Cause::Delay | Cause::Silence => absence.until,
        })
    }

    /// Whether a later owner of a partner who is elsewhere than here is known than the one of this generation.
    pub(crate) fn is_superseded(&self, generation: Generation) -> bool {
        self.remote()
            .is_some_and(|remote| generation.tenure() < remote.announced)
    }

    /// The partner, if another node holds them.
    pub(crate) fn remote(&self) -> Option<&Remote> {
        match &self.partner {
            Partner::There(remote) => Some(remote),
            Partner::Here(_) => None,
        }
    }

    pub(crate) fn remote_mut(&mut self) -> Option<&mut Remote> {
        match &mut self.partner {
            Partner::There(remote) => Some(remote),
            Partner::Here(_) => None,
        }
    }
}
