//! What a seat's owner knows and may change about it.

use crate::link::{Link, Partner};
use crate::pending::Pending;
use crate::ports::{Ports, Recollection, TokenSerial};
use crate::refusals::Refusals;
use crate::seat::{ConnectionNumber, Permit, Seat};
use crate::unanswered::Unanswered;
use passerby_domain::cooldown::Avoidance;
use passerby_domain::criteria::Criteria;
use passerby_domain::flood::TokenBucket;
use passerby_domain::id::{ChatId, Generation, Incarnation, Origin, Tenure, UserId};
use passerby_domain::notice::{EndReason, Pairing};
use passerby_domain::priority::Place;
use passerby_domain::session::{Presence, Session, State};
use passerby_domain::time::{Millis, Moment, UnixMillis};
use std::sync::Arc;

/// A chat that is over, for reports and blocks that come a little late.
pub(crate) struct LastChat {
    pub(crate) chat: ChatId,
    pub(crate) partner: Acquaintance,
    pub(crate) ended: Moment,
    /// Why, as the partner is told.
    pub(crate) told: EndReason,
    /// The newest tenure of the partner whose owner was told: two nodes that each take the other for it are not both told for
    /// ever.
    pub(crate) followed: Tenure,
}

/// Somebody the user met.
#[derive(Clone, Copy)]
pub(crate) struct Acquaintance {
    pub(crate) user: UserId,
    pub(crate) origin: Origin,
    pub(crate) lasting_origin: Origin,
}

impl Acquaintance {
    pub(crate) fn of<P: Ports>(seat: &Seat<P>) -> Self {
        Self {
            user: seat.user(),
            origin: seat.origin(),
            lasting_origin: seat.lasting_origin(),
        }
    }
}

/// The tokens of a seat that are valid: at most two.
#[derive(Clone, Copy)]
pub(crate) struct Tokens {
    /// The one last used.
    pub(crate) used: TokenSerial,
    /// The one in the latest welcome.
    pub(crate) latest: TokenSerial,
}

impl Tokens {
    pub(crate) fn accept(self, serial: TokenSerial) -> bool {
        serial == self.used || serial == self.latest
    }
}

/// What a seat has to do with other nodes, and addresses; most have nothing.
#[derive(Default)]
pub(crate) struct Abroad {
    /// An offer that another node, or the store, has the next word on.
    pub(crate) pending: Option<Pending>,
    /// Messages on their way to another node.
    pub(crate) unanswered: Unanswered,
    /// When this node took the seat over without what its former owner remembered of the present chat, if it did.
    pub(crate) restored: Option<Moment>,
    /// The generation at which the store was last found to differ.
    pub(crate) unlike: Option<Generation>,
    /// The search that the store called stale, if nothing has come of it since.
    pub(crate) stale: Option<Generation>,
    /// The search that is put off until the one whom the seat has left was looked for.
    pub(crate) gives_way: Option<Generation>,
    /// The node that the store has given the seat to, for a token that is dead.
    pub(crate) claimed_by: Option<Incarnation>,
    /// Whether the store still has to be told of the seat's tokens.
    pub(crate) dossier: DossierState,
    /// The oldest tenure whose letters count: that of whom this node has the seat from, or its own if nobody remembers.
    pub(crate) heeds_from: Tenure,
    /// Where its user is now, if that is elsewhere than where they came from.
    pub(crate) elsewhere: Option<Origin>,
    /// What was known of whose the seat is when its present connection came back to it.
    pub(crate) ownership: Ownership,
    /// Since when a place is held, as the user was told on another node.
    pub(crate) shown: Option<(Place, UnixMillis)>,
}

/// What a node knew of whose a seat is when a connection came back to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// That it is this node's.
    #[default]
    Known,
    /// That it was, before the node was cut off: another may have it since.
    Doubtful,
}

/// Whether the store has to be told of a seat that is not in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DossierState {
    #[default]
    Kept,
    Due,
}

/// All that changes about a seat.
pub(crate) struct Book<P: Ports> {
    pub(crate) session: Session<Link<P>>,
    pub(crate) criteria: Criteria,
    pub(crate) avoidance: Avoidance,
    /// Boxed, since most seats at most times have only just met somebody.
    pub(crate) last_chat: Option<Box<LastChat>>,
    /// Messages that were refused in the present chat.
    pub(crate) refusals: Refusals,
    /// Counts the seat against its origin's limit for as long as it is here. One whose user has not come here yet from another
    /// node has none.
    pub(crate) permit: Option<Permit<P>>,
    /// The connection that may speak for the seat.
    pub(crate) connection: ConnectionNumber,
    /// The last number that was given to a connection that wants the seat.
    claimed: ConnectionNumber,
    pub(crate) tokens: Tokens,
    /// Since when the seat is idle, if it is.
    pub(crate) idle_since: Moment,
    /// When to search again, while waiting.
    pub(crate) retry_at: Option<Moment>,
    /// What the user was last told about pairing.
    pub(crate) pairing: Pairing,
    /// Before this, one who left too many chats may not join again.
    pub(crate) slowed_until: Moment,
    pub(crate) messages: TokenBucket,
    pub(crate) commands: TokenBucket,
    pub(crate) skips: TokenBucket,
    pub(crate) typing: TokenBucket,
    /// What it has to do with other nodes.
    pub(crate) abroad: Option<Box<Abroad>>,
    /// The deadline that the node's timers hold for this seat.
    pub(crate) deadline: Option<Moment>,
}

/// What the statistics count a seat as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Idle,
    Waiting,
    Chatting,
    Gone,
}

impl<P: Ports> Book<P> {
    pub(crate) fn new(criteria: Criteria, now: Moment) -> Self {
        Self {
            session: Session::new(),
            criteria,
            avoidance: Avoidance::default(),
            last_chat: None,
            refusals: Refusals::default(),
            permit: None,
            connection: ConnectionNumber(1),
            claimed: ConnectionNumber(1),
            tokens: Tokens {
                used: TokenSerial(1),
                latest: TokenSerial(1),
            },
            idle_since: now,
            retry_at: None,
            pairing: Pairing::Running,
            slowed_until: Moment::ORIGIN,
            messages: TokenBucket::default(),
            commands: TokenBucket::default(),
            skips: TokenBucket::default(),
            typing: TokenBucket::default(),
            abroad: None,
            deadline: None,
        }
    }

    /// A number for a connection that wants the seat, greater than all before.
    pub(crate) fn claim(&mut self) -> ConnectionNumber {
        self.claimed = ConnectionNumber(self.claimed.0.saturating_add(1));
        self.claimed
    }

    /// Where the user of this seat is now, as bans and limits know it.
    pub(crate) fn origin(&self, seat: &Seat<P>) -> Origin {
        let elsewhere = self.abroad.as_ref().and_then(|abroad| abroad.elsewhere);
        elsewhere.unwrap_or(seat.origin())
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.session.state() {
            State::Idle => Standing::Idle,
            State::Waiting(_) | State::Offered { .. } => Standing::Waiting,
            State::Chatting(_) => Standing::Chatting,
            State::Gone => Standing::Gone,
        }
    }

    /// When the seat wants to be looked at again.
    pub(crate) fn next_deadline(&self, idle_timeout: Millis) -> Option<Moment> {
        if let Some(pending) = self.pending() {
            return Some(pending.ask_at);
        }
        match (self.session.state(), self.session.presence()) {
            (State::Gone, _) | (State::Offered { .. }, Presence::Here) => None,
            (_, Presence::Away { until }) => Some(until),
            (State::Idle, Presence::Here) => Some(self.idle_since + idle_timeout),
            (State::Waiting(_), Presence::Here) => self.retry_at,
            (State::Chatting(chatting), Presence::Here) => chatting.link.given_up_at(),
        }
    }

    /// The offer that another node, or the store, has the next word on.
    pub(crate) fn pending(&self) -> Option<&Pending> {
        self.abroad.as_ref()?.pending.as_ref()
    }

    pub(crate) fn pending_mut(&mut self) -> Option<&mut Pending> {
        self.abroad.as_mut()?.pending.as_mut()
    }

    pub(crate) fn abroad(&mut self) -> &mut Abroad {
        self.abroad.get_or_insert_default()
    }

    /// The partner's seat, if it is on this node.
    pub(crate) fn partner_here(&self) -> Option<&Arc<Seat<P>>> {
        match &self.session.chatting()?.link.partner {
            Partner::Here(partner) => Some(partner),
            Partner::There(_) => None,
        }
    }

    /// The oldest tenure of the seat whose letters count.
    pub(crate) fn heeds_from(&self) -> Tenure {
        self.abroad
            .as_ref()
            .map_or(Tenure::FIRST, |abroad| abroad.heeds_from)
    }

    /// Whether this seat remembers all that was accepted for it in the present chat.
    pub(crate) fn recollection(&self) -> Recollection {
        match self.abroad.as_ref().and_then(|abroad| abroad.restored) {
            Some(_) => Recollection::Lost,
            None => Recollection::Whole,
        }
    }

    /// A new chat begins: what was remembered of the one before is of no use.
    pub(crate) fn forget_chat(&mut self) {
        self.refusals.clear();
        if let Some(abroad) = &mut self.abroad {
            abroad.restored = None;
        }
    }

    /// Until when the last partner cannot be met, if that is in the future.
    pub(crate) fn cooldown_until(&self, now: Moment) -> Option<Moment> {
        match &self.last_chat {
            Some(last) => self.avoidance.parted_until(last.partner.user, now),
            // A node that died took that chat with it: whom the seat parted from last, it parted from for longest.
            None => self.avoidance.last_parted_until(now),
        }
    }
}
