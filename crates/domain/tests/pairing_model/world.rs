//! The world of the model: users, the store, and everything that is on its way between them.
//!
//! The owners' part follows the use cases step by step. Each step that the code takes under one lock is one step
//! here; between any two of them everything else may happen. What is on its way arrives in any order, but arrives.

use super::rules::{Fence, Rules};
use super::store::{Offer, Phase, Stamp, Store, Wants, Who};
use passerby_domain::id::{ChatId, Generation};
use passerby_domain::session::{AfterChat, Left, Presence, Session, State};
use passerby_domain::time::Moment;
use std::hash::{Hash, Hasher};

/// Time does not pass in the model: no rule of it depends on when.
const NOW: Moment = Moment::ORIGIN;

/// What a seat in a chat knows of its partner.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Link {
    partner: Who,
    is_away: bool,
    heard: Generation,
}

/// One user, as their owner knows them.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) session: Session<Link>,
    pub(crate) wants: Wants,
}

/// What a user, or the loss of their connection, may set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Command {
    Join,
    JoinForOther,
    Message,
    Skip,
    Leave,
    Drop,
    /// Also on top of a connection that is still there.
    Resume,
    /// The grace is over, or the user says good-bye.
    Depart,
}

impl Command {
    pub(crate) const ALL: [Self; 8] = [
        Self::Join,
        Self::JoinForOther,
        Self::Message,
        Self::Skip,
        Self::Leave,
        Self::Drop,
        Self::Resume,
        Self::Depart,
    ];
}

/// Something on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Flight {
    /// A thread is about to search for this user.
    Seek(Who),
    /// To the store.
    Claim(Stamp, Wants),
    /// The store's answer to the seeker's owner.
    Answer(Offer),
    /// A thread is about to tell the store that this user is at rest, or gone.
    TellRest(Who, Phase),
    /// To the store.
    Release(Stamp, Phase),
    /// To the owner: the partner ended that chat.
    LeftAlone(Who, ChatId),
    /// To the owner: at that generation the partner went away, or came back.
    News(Who, ChatId, Generation, bool),
    /// To the owner: the partner of that chat says something.
    Text(Who, ChatId),
}

/// A promise that was broken, in words.
pub(crate) type Violation = String;

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) users: Vec<User>,
    pub(crate) store: Store,
    /// Sorted, so that the order in which things were sent makes no difference.
    pub(crate) flights: Vec<Flight>,
    pub(crate) commands_left: u8,
    cooldown: bool,
}

impl World {
    /// Everybody has just come for the queue.
    pub(crate) fn new(users: u8, commands: u8, cooldown: bool) -> Self {
        let user = || {
            let mut session = Session::new();
            session.join(NOW).expect("a new seat may join");
            User {
                session,
                wants: Wants { mode: 0, avoid: 0 },
            }
        };
        Self {
            users: (0..users).map(|_| user()).collect(),
            store: Store::new(usize::from(users)),
            flights: (0..users).map(Flight::Seek).collect(),
            commands_left: commands,
            cooldown,
        }
    }

    pub(crate) fn user(&self, who: Who) -> &User {
        &self.users[usize::from(who)]
    }

    fn user_mut(&mut self, who: Who) -> &mut User {
        &mut self.users[usize::from(who)]
    }

    fn send(&mut self, flight: Flight) {
        let at = self.flights.partition_point(|other| *other <= flight);
        self.flights.insert(at, flight);
    }

    fn stamp(&self, who: Who) -> Stamp {
        Stamp {
            who,
            generation: self.user(who).session.generation(),
        }
    }

    /// A user gives a command. False if it would be refused, or is pointless.
    pub(crate) fn command(&mut self, who: Who, command: Command) -> bool {
        let user = self.user_mut(who);
        let session = &mut user.session;
        let is_here = session.presence() == Presence::Here;
        let is_gone = matches!(session.state(), State::Gone);
        if is_gone
            || self.commands_left == 0
            || (!is_here && !matches!(command, Command::Resume | Command::Depart))
        {
            return false;
        }
        self.commands_left -= 1;
        match command {
            Command::Join | Command::JoinForOther => {
                if self.user_mut(who).session.join(NOW).is_err() {
                    return false;
                }
                self.user_mut(who).wants.mode = u8::from(command == Command::JoinForOther);
                self.send(Flight::Seek(who));
            }
            Command::Message => {
                let Some(chatting) = self.user(who).session.chatting() else {
                    return false;
                };
                let (chat, partner) = (chatting.chat, chatting.link.partner);
                self.send(Flight::Text(partner, chat));
            }
            Command::Skip => {
                let Some(chat) = self.user(who).session.chatting().map(|chatting| chatting.chat) else {
                    return false;
                };
                self.end(who, chat, AfterChat::QueueAnew);
                self.send(Flight::Seek(who));
            }
            Command::Leave => match self.user_mut(who).session.leave() {
                Ok(left) => self.follow_up(who, &left, Phase::Settled),
                Err(_) => return false,
            },
            Command::Depart => match self.user_mut(who).session.depart() {
                Ok(left) => self.follow_up(who, &left, Phase::Gone),
                Err(_) => return false,
            },
            Command::Drop => {
                self.user_mut(who).session.drop_connection(NOW);
                self.tell_partner(who, true);
                if self.user(who).session.wait().is_some() {
                    self.send(Flight::TellRest(who, Phase::Settled));
                }
            }
            Command::Resume => {
                self.user_mut(who).session.attach();
                if !is_here {
                    self.tell_partner(who, false);
                }
                self.send(Flight::Seek(who));
            }
        }
        true
    }

    fn tell_partner(&mut self, who: Who, is_away: bool) {
        let session = &self.user(who).session;
        if let Some(chatting) = session.chatting() {
            let news = Flight::News(
                chatting.link.partner,
                chatting.chat,
                session.generation(),
                is_away,
            );
            self.send(news);
        }
    }

    /// One side ends its chat and lets the other know.
    fn end(&mut self, who: Who, chat: ChatId, after: AfterChat) {
        if let Ok(ended) = self.user_mut(who).session.end(chat, after, NOW) {
            self.part(who, ended.link.partner);
            self.send(Flight::LeftAlone(ended.link.partner, chat));
        }
    }

    fn follow_up(&mut self, who: Who, left: &Left<Link>, phase: Phase) {
        if let Left::Chat(chatting) = left {
            self.part(who, chatting.link.partner);
            self.send(Flight::LeftAlone(chatting.link.partner, chatting.chat));
        }
        self.send(Flight::TellRest(who, phase));
    }

    fn part(&mut self, who: Who, partner: Who) {
        if self.cooldown {
            self.user_mut(who).wants.avoid |= 1 << partner;
        }
    }

    /// What was on its way arrives.
    pub(crate) fn arrive(&mut self, index: usize, rules: Rules) -> Result<(), Violation> {
        match self.flights.remove(index) {
            Flight::Seek(who) => self.seek(who),
            Flight::Claim(seeker, wants) => {
                if let Some(offer) = self.store.claim(seeker, wants, rules) {
                    self.send(Flight::Answer(offer));
                }
            }
            Flight::Answer(offer) => self.begin(offer, rules)?,
            Flight::TellRest(who, phase) => {
                let session = &self.user(who).session;
                let is_at_rest = session.search().is_none() && session.chatting().is_none();
                if is_at_rest || !rules.has(Fence::ReleaseOnlyAtRest) {
                    self.send(Flight::Release(self.stamp(who), phase));
                }
            }
            Flight::Release(stamp, phase) => self.store.release(stamp, phase, rules),
            Flight::LeftAlone(who, chat) => {
                let present = self.user(who).session.chatting().map(|chatting| chatting.chat);
                let ended = if rules.has(Fence::ChatOnEnd) {
                    Some(chat)
                } else {
                    present
                };
                if let (Some(ended), true) = (ended, present.is_some())
                    && present == Some(ended)
                {
                    let session = &mut self.user_mut(who).session;
                    if let Ok(ended) = session.end(ended, AfterChat::QueueInOldPlace, NOW) {
                        self.part(who, ended.link.partner);
                        self.send(Flight::Seek(who));
                    }
                }
            }
            Flight::News(who, chat, generation, is_away) => {
                let session = &mut self.user_mut(who).session;
                if let Some(chatting) = session.chatting_mut()
                    && chatting.chat == chat
                    && (chatting.link.heard < generation || !rules.has(Fence::NewestNewsOfPartner))
                {
                    chatting.link.heard = generation;
                    chatting.link.is_away = is_away;
                }
            }
            Flight::Text(who, chat) => {
                if let Some(chatting) = self.user(who).session.chatting()
                    && chatting.chat != chat
                    && !rules.has(Fence::ChatOnDelivery)
                {
                    return Err(format!("user {who} reads what was said to another"));
                }
            }
        }
        Ok(())
    }

    fn seek(&mut self, who: Who) {
        let user = self.user(who);
        if let Some(wait) = user.session.search() {
            let seeker = Stamp {
                who,
                generation: wait.ticket,
            };
            self.send(Flight::Claim(seeker, user.wants));
        }
    }

    /// The owners of both seats look whether they agree to the offer.
    fn begin(&mut self, offer: Offer, rules: Rules) -> Result<(), Violation> {
        let (seeker, found) = (offer.seeker, offer.found);
        if seeker.who == found.who {
            return Err(format!("user {} is paired with themself", seeker.who));
        }
        // The search that the chat comes of has a ticket of its own, and so has the chat.
        let chat = ChatId::from_bits(u128::from(seeker.who) << 64 | u128::from(seeker.generation.get()));
        let before = self.users.clone();
        let agreed = [seeker, found].map(|stamp| self.take_offer(stamp, chat, rules));
        if agreed != [true, true] {
            for (stamp, agreed) in [seeker, found].into_iter().zip(agreed) {
                if agreed {
                    self.search_again(stamp.who, chat, &before, rules)?;
                }
            }
            return Ok(());
        }
        let [one, other] = [seeker.who, found.who];
        if self.user(one).wants.mode != self.user(other).wants.mode {
            return Err(format!(
                "users {one} and {other} are paired and want different things"
            ));
        }
        for (who, partner) in [(one, other), (other, one)] {
            let link = Link {
                partner,
                is_away: false,
                heard: Generation::default(),
            };
            let entered = self.user_mut(who).session.confirm(chat, link);
            entered.map_err(|refusal| format!("user {who} cannot enter an agreed chat: {refusal}"))?;
        }
        Ok(())
    }

    fn take_offer(&mut self, stamp: Stamp, chat: ChatId, rules: Rules) -> bool {
        let session = &mut self.user_mut(stamp.who).session;
        let ticket = match session.wait() {
            Some(wait) if !rules.has(Fence::TicketAtOffer) => wait.ticket,
            Some(_) | None => stamp.generation,
        };
        session.offer(ticket, chat).is_ok()
    }

    /// Nothing came of an offer for one who agreed: they go on waiting, with a new ticket. One who did not agree has
    /// moved on, and is looked after by whoever moved them.
    fn search_again(
        &mut self,
        who: Who,
        chat: ChatId,
        before: &[User],
        rules: Rules,
    ) -> Result<(), Violation> {
        let session = &mut self.user_mut(who).session;
        if rules.has(Fence::RenewAfterLapse) {
            let renewed = session.withdraw(chat);
            renewed.map_err(|refusal| format!("user {who} cannot go on waiting: {refusal}"))?;
        } else {
            *session = before[usize::from(who)].session.clone();
        }
        if rules.has(Fence::SearchAfterLapse) {
            self.send(Flight::Seek(who));
        }
        Ok(())
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.commands_left.hash(hasher);
        self.store.hash(hasher);
        self.flights.hash(hasher);
        for user in &self.users {
            let session = &user.session;
            session.generation().hash(hasher);
            session.wait().map(|wait| wait.ticket).hash(hasher);
            session
                .chatting()
                .map(|chatting| (chatting.chat, chatting.link))
                .hash(hasher);
            (session.presence() == Presence::Here).hash(hasher);
            matches!(session.state(), State::Gone).hash(hasher);
            user.wants.hash(hasher);
        }
    }
}

impl Link {
    pub(crate) fn partner(&self) -> Who {
        self.partner
    }

    pub(crate) fn is_away(&self) -> bool {
        self.is_away
    }
}
