//! The facade: everything that users and operators can do on one node.

use crate::book::{Book, Standing};
use crate::doorstep::Doorstep;
use crate::endings::Endings;
use crate::fading::Fading;
use crate::given_over::GivenOver;
use crate::outstanding::{Abandoned, Departures, Strays, Untold, Watchlist};
use crate::partings::Partings;
use crate::peerage::{Peerage, Reach, Run};
use crate::ports::{Bans, Clock, Fact, Identity, Observer, Ports, Reports, StoreError, TokenSerial};
use crate::register::Register;
use crate::remains::Remains;
use crate::seat::{Permit, Seat};
use crate::throttle::Throttle;
use crate::timers::Timers;
use crate::turns::Turns;
use crate::use_cases::LATELY;
use passerby_domain::flood::{Exhausted, Rate};
use passerby_domain::id::{NodeId, Origin, UserId};
use passerby_domain::notice::{Census, Waiting};
use passerby_domain::session::Wait;
use passerby_domain::time::{Millis, Moment, UnixMillis};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether other nodes share the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// This node has it to itself, and nothing of a seat is of use to anybody else.
    Alone,
    /// Others may: any of them may hold a partner, or take a seat over.
    Shared,
}

/// How this node behaves. A rate that is `None` is no limit.
#[derive(Clone, Debug)]
pub struct Options {
    /// The node's name, shown to its users.
    pub node: NodeId,
    /// Whether other nodes share the store.
    pub deployment: Deployment,
    /// How long a seat is held for one whose connection dropped.
    pub resume_grace: Millis,
    /// How long it is held for one who closed or reloaded the page.
    pub reload_grace: Millis,
    /// How long a connected seat may stay idle. Zero closes one as soon as it is; a span longer than the process runs never does.
    pub idle_timeout: Millis,
    /// How long two who parted are not paired again.
    pub rematch_cooldown: Millis,
    /// How long two of whom one blocked the other are not paired again.
    pub block_ttl: Millis,
    /// How often a user may send a message.
    pub messages: Option<Rate>,
    /// How often a user may send any other command.
    pub commands: Option<Rate>,
    /// How often a user may end a chat.
    pub skips: Option<Rate>,
    /// How often one seat may be taken back on this node: each time its partner is told that they were away.
    pub returns: Option<Rate>,
    /// How often the users of one origin may report somebody on this node: an adapter keeps the newest reports.
    pub reports: Option<Rate>,
    /// The longest message, in characters.
    pub message_chars: usize,
}

/// The adapters one node works with.
pub struct Adapters<P: Ports> {
    /// Where pairing happens.
    pub pairing: P::Pairing,
    /// The other nodes.
    pub peers: P::Peers,
    /// How notices reach seats.
    pub delivery: P::Delivery,
    /// What time it is.
    pub clock: P::Clock,
    /// Ids, keyed hashes and tokens.
    pub identity: P::Identity,
    /// Limits per origin.
    pub limiter: P::Limiter,
    /// What may be said.
    pub screen: P::Screen,
    /// Who counts what happens.
    pub observer: P::Observer,
    /// Where reports go.
    pub reports: Arc<dyn Reports>,
    /// Who is kept out.
    pub bans: Arc<dyn Bans>,
}

/// Everything that users and operators can do on one node.
///
/// Each method is one of the verbs of the protocol. Methods that take a [`Seat`] speak for its user, whoever calls them: call
/// none for a connection that has ended, or was closed. Calls for one seat must not overlap if their order matters (a connection
/// makes one call after the other).
///
/// # Cancellation
/// The future of a method may be dropped at any await. What users were told by then is true, and the next [`Chat::reap`], for
/// which there is a deadline then, searches for whoever was to be searched for. A connection whose [`Chat::connect`] or
/// [`Chat::resume`] is dropped counts as broken.
///
/// # Where nodes share a store
/// A node alone needs [`Chat::reap`] and [`Chat::heartbeat`]. These are for nodes that share a store ([`Deployment::Shared`]), and
/// of no use to others: [`Chat::beat`], [`Chat::tick`], [`Chat::tend`] and [`Chat::tend_is_due`]; [`Chat::receive`],
/// [`Chat::flush_received`] and [`Chat::letters_lost`]; [`Chat::spend`], [`Chat::hand_over`] and [`Chat::bequeath`].
pub struct Chat<P: Ports> {
    pub(crate) adapters: Adapters<P>,
    pub(crate) options: Options,
    pub(crate) register: Register<P>,
    pub(crate) timers: Timers,
    tally: Tally,
    census: Mutex<Census>,
    /// Whether the store failed, so that nobody knows which of this node's words it has heard.
    store_doubted: AtomicBool,
    /// How many bans were made here: one who connects while it grows may have been missed by the ban.
    bans_made: AtomicU64,
    /// The name of the last ban that this node has looked for.
    pub(crate) last_ban: AtomicU64,
    /// When letters from another node were last found to be lost, in milliseconds.
    pub(crate) letters_lost_at: AtomicU64,
    /// The other nodes, and how this one is.
    pub(crate) peerage: Peerage,
    /// Seats with something to look after beside their deadlines.
    pub(crate) watchlist: Watchlist,
    /// Seats that the store has to be told of.
    pub(crate) to_keep: Watchlist,
    /// Seats that are gone without the store having heard of it.
    pub(crate) departures: Departures,
    /// Seats that were taken for users who were then asked to try again.
    pub(crate) abandoned: Abandoned,
    /// The same, until the store has heard that they go back to who had them.
    pub(crate) taken_in_vain: Abandoned,
    /// Seats that the store has as this node's and that are not here.
    pub(crate) strays: Strays,
    /// Seats that search and whose users do not know yet.
    pub(crate) untold: Untold,
    /// Seats that letters told something, to be written at the end of a batch.
    pub(crate) told: Mutex<Vec<Arc<Seat<P>>>>,
    /// Chats that were ended here whose other end is elsewhere.
    pub(crate) partings: Partings,
    /// What seats that have gone to other nodes count.
    pub(crate) given_over: GivenOver<Permit<P>>,
    /// What is left of seats that went elsewhere.
    pub(crate) remains: Remains,
    /// Seats that are on their way to this node.
    pub(crate) takes: Turns,
    /// What waits for them.
    pub(crate) doorstep: Doorstep,
    /// Seats that are gone.
    pub(crate) endings: Endings,
    /// Seats that were taken back lately.
    pub(crate) returns: Throttle<UserId>,
    /// Who came back to a seat of this node lately, and when; noted where nodes share a store.
    pub(crate) comers: Fading<UserId, Moment>,
    /// Origins whose users have reported somebody lately.
    pub(crate) reports: Throttle<Origin>,
}

/// The store is being told again what it knew, and may not know everything yet.
#[derive(Debug, thiserror::Error)]
#[error("the store is learning again what it knew")]
struct Learning;

/// How many seats of this node stand where.
#[derive(Default)]
struct Tally {
    idle: AtomicU64,
    waiting: AtomicU64,
    chatting: AtomicU64,
}

impl Tally {
    fn of(&self, standing: Standing) -> Option<&AtomicU64> {
        match standing {
            Standing::Idle => Some(&self.idle),
            Standing::Waiting => Some(&self.waiting),
            Standing::Chatting => Some(&self.chatting),
            Standing::Gone => None,
        }
    }

    fn add(&self, standing: Standing) {
        if let Some(count) = self.of(standing) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn take(&self, standing: Standing) {
        if let Some(count) = self.of(standing) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<P: Ports> Chat<P> {
    /// A node with nobody on it.
    pub fn new(options: Options, adapters: Adapters<P>) -> Self {
        let returns = Throttle::new(options.returns);
        let reports = Throttle::new(options.reports);
        Self {
            adapters,
            options,
            register: Register::new(),
            timers: Timers::default(),
            tally: Tally::default(),
            census: Mutex::default(),
            store_doubted: AtomicBool::default(),
            bans_made: AtomicU64::default(),
            last_ban: AtomicU64::default(),
            letters_lost_at: AtomicU64::default(),
            peerage: Peerage::default(),
            watchlist: Watchlist::default(),
            to_keep: Watchlist::default(),
            departures: Departures::default(),
            abandoned: Abandoned::default(),
            taken_in_vain: Abandoned::default(),
            strays: Strays::default(),
            untold: Untold::default(),
            told: Mutex::default(),
            partings: Partings::default(),
            given_over: GivenOver::default(),
            remains: Remains::default(),
            takes: Turns::default(),
            doorstep: Doorstep::default(),
            endings: Endings::default(),
            returns,
            comers: Fading::new(LATELY),
            reports,
        }
    }

    /// How this node behaves.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The adapters this node works with.
    pub const fn adapters(&self) -> &Adapters<P> {
        &self.adapters
    }

    /// How many people there are in the whole cluster, as of the last heartbeat; never fewer than there are on this node, now.
    pub fn census(&self) -> Census {
        let all = *self.census.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.own_census();
        Census {
            online: all.online.max(own.online),
            waiting: all.waiting.max(own.waiting),
            chatting: all.chatting.max(own.chatting),
        }
    }

    pub(crate) fn set_census(&self, census: Census) {
        *self.census.lock().unwrap_or_else(PoisonError::into_inner) = census;
    }

    /// How many people there are on this node, now.
    pub fn own_census(&self) -> Census {
        let waiting = self.tally.waiting.load(Ordering::Relaxed);
        let chatting = self.tally.chatting.load(Ordering::Relaxed);
        Census {
            online: self.tally.idle.load(Ordering::Relaxed) + waiting + chatting,
            waiting,
            chatting,
        }
    }

    /// The seat of `user`, if it is on this node.
    pub fn seat_of(&self, user: UserId) -> Option<Arc<Seat<P>>> {
        self.register.get(user)
    }

    /// Counts a command of the user other than a message, a leave or a block, which no limit refuses.
    ///
    /// # Errors
    /// [`Exhausted`] when they come too often; the command must then be refused.
    pub fn count_command(&self, seat: &Seat<P>) -> Result<(), Exhausted> {
        if self.options.commands.is_none() {
            return Ok(());
        }
        let now = self.adapters.clock.now();
        let counted = seat.lock().commands.take(self.options.commands.as_ref(), now);
        if counted.is_err() {
            self.note(Fact::RateLimited);
        }
        counted
    }

    /// The pairing store failed to do, or to answer, one thing. A node that compares notes with it finds out what.
    pub(crate) fn doubt_store(&self) {
        self.note(Fact::StoreFailed);
        match self.options.deployment {
            Deployment::Alone => self.doubt_what_it_knows(),
            Deployment::Shared => self.verify_soon(),
        }
    }

    /// Whether what the store does not know is not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while it is told again what it knew.
    pub(crate) fn trust_ignorance(&self) -> Result<(), StoreError> {
        if self.peerage.store_is_learning(self.now()) {
            return Err(StoreError::Unavailable(Box::new(Learning)));
        }
        Ok(())
    }

    /// The pairing store may have forgotten what it was told.
    pub(crate) fn doubt_what_it_knows(&self) {
        self.store_doubted.store(true, Ordering::Release);
    }

    /// Whether the store that this node shares with others has not answered for a while, or not since this node stood still:
    /// nobody new is taken in.
    pub fn is_cut_off(&self) -> bool {
        match self.options.deployment {
            Deployment::Alone => false,
            Deployment::Shared => self.peerage.reach(self.now()) == Reach::Cut || self.has_stalled(),
        }
    }

    /// Whether this node did not run for so long that others may have taken its seats, and the store has not heard from it
    /// since: what its users say must not be obeyed. [`Chat::tick`] then hangs up on them.
    pub fn has_stalled(&self) -> bool {
        match self.options.deployment {
            Deployment::Alone => false,
            Deployment::Shared => self.peerage.is_unleased() || self.peerage.run(self.now()) == Run::Stalled,
        }
    }

    /// What comes first when this node runs again, whatever has woken it.
    pub(crate) fn notice_stall(&self) {
        if self.peerage.run(self.now()) == Run::Stalled {
            self.tick();
        }
    }

    /// Whether other nodes may have taken seats of this one whose users are away, without its having heard of it.
    pub(crate) fn may_be_usurped(&self, now: Moment) -> bool {
        match self.options.deployment {
            Deployment::Alone => false,
            Deployment::Shared => {
                self.peerage.was_unheard(now) || self.peerage.suspects_usurpers() || self.has_stalled()
            }
        }
    }

    /// Whether even those may be who seem to be here: this node did not run for a moment, and has not compared notes since.
    pub(crate) fn may_be_mistaken(&self, now: Moment) -> bool {
        self.peerage.stood_still(now) && self.may_be_usurped(now)
    }

    /// Whether the pairing store has failed since this was last asked.
    pub(crate) fn take_doubt(&self) -> bool {
        self.store_doubted.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn bans_made(&self) -> u64 {
        self.bans_made.load(Ordering::Acquire)
    }

    pub(crate) fn count_ban(&self) {
        self.bans_made.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn now(&self) -> Moment {
        self.adapters.clock.now()
    }

    pub(crate) fn note(&self, fact: Fact) {
        self.adapters.observer.note(fact);
    }

    pub(crate) fn token(&self, user: UserId, serial: TokenSerial) -> crate::ports::ResumeToken {
        self.adapters.identity.token(user, serial)
    }

    /// Counts a seat that was just made.
    pub(crate) fn count_new(&self, seat: &Seat<P>, book: &mut Book<P>) {
        self.tally.add(book.standing());
        self.arm(seat, book);
    }

    /// Changes a book; afterwards the statistics and the seat's deadline are right again.
    pub(crate) fn change<R>(&self, seat: &Seat<P>, change: impl FnOnce(&mut Book<P>) -> R) -> R {
        let mut book = seat.lock();
        let before = book.standing();
        let answer = change(&mut book);
        self.settle(seat, &mut book, before);
        answer
    }

    /// As [`Self::change`], for two seats at once. Locked in the order of their ids, so that no two callers wait
    /// for each other. The seats must differ.
    pub(crate) fn change_both<R>(
        &self,
        one: &Seat<P>,
        other: &Seat<P>,
        change: impl FnOnce(&mut Book<P>, &mut Book<P>) -> R,
    ) -> R {
        let (mut one_book, mut other_book): (MutexGuard<'_, _>, MutexGuard<'_, _>);
        if one.user() < other.user() {
            one_book = one.lock();
            other_book = other.lock();
        } else {
            other_book = other.lock();
            one_book = one.lock();
        }
        let before = (one_book.standing(), other_book.standing());
        let answer = change(&mut one_book, &mut other_book);
        self.settle(one, &mut one_book, before.0);
        self.settle(other, &mut other_book, before.1);
        answer
    }

    /// As [`Self::change`], with the partner's seat and book as well, if they are here.
    pub(crate) fn change_with_partner<R>(
        &self,
        seat: &Seat<P>,
        change: impl FnOnce(&mut Book<P>, Option<(&Arc<Seat<P>>, &mut Book<P>)>) -> R,
    ) -> R {
        let partner = seat.lock().partner_here().cloned();
        match partner {
            Some(partner) => self.change_both(seat, &partner, |book, beside| {
                change(book, Some((&partner, beside)))
            }),
            None => self.change(seat, |book| change(book, None)),
        }
    }

    fn settle(&self, seat: &Seat<P>, book: &mut Book<P>, before: Standing) {
        let after = book.standing();
        if before != after {
            self.tally.take(before);
            self.tally.add(after);
            if after == Standing::Idle {
                book.idle_since = self.now();
            }
        }
        self.arm(seat, book);
    }

    fn arm(&self, seat: &Seat<P>, book: &mut Book<P>) {
        let next = book.next_deadline(self.options.idle_timeout);
        if next != book.deadline {
            self.timers.replace(seat.user(), book.deadline, next);
            book.deadline = next;
        }
    }

    /// Since when one who waits holds their place, as they are told.
    pub(crate) fn since(&self, book: &Book<P>, wait: &Wait) -> UnixMillis {
        match book.abroad.as_ref().and_then(|abroad| abroad.shown) {
            Some((place, since)) if place == wait.place => since,
            _ => self.adapters.clock.unix(wait.place.since()),
        }
    }

    /// What one who waits is told.
    pub(crate) fn waiting(&self, book: &Book<P>, wait: &Wait, now: Moment) -> Waiting {
        let clock = &self.adapters.clock;
        Waiting {
            since: self.since(book, wait),
            cooldown_until: book.cooldown_until(now).map(|until| clock.unix(until)),
            pairing: book.pairing,
        }
    }
}

impl<P: Ports> fmt::Debug for Chat<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chat")
            .field("node", &self.options.node)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
