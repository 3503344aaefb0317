//! The rules that can be judged only when the swarm has come to rest.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::plan::{Plan, Weather};
use super::record::{Counts, Fate, Inner, MessageName, Record, Said, SeatNumber, Status};
use super::story::story;

/// What is still true in one user's log may be a little older than in another's: tasks take turns.
const SLACK: Duration = Duration::from_secs(3);
/// More than these are not told.
const TOLD: usize = 30;

impl Record {
    /// Connected users who are neither where they want to be nor on the way there, and users who are not connected.
    pub(super) fn lost(&self, users: usize) -> Vec<String> {
        let inner = self.lock();
        let mut reasons = Vec::new();
        inner.absent(users, &mut reasons);
        for (number, seat) in inner.seats.iter().enumerate() {
            if seat.fate == Fate::Connected && seat.status == Status::Between {
                reasons.push(format!("seat {number} is neither waiting nor chatting"));
            }
        }
        inner.alone_in_chat(Partner::MayBeGone, &mut reasons);
        reasons
    }

    /// What those went through who are neither waiting nor chatting.
    pub(super) fn stories_of_the_lost(&self) -> Vec<String> {
        let inner = self.lock();
        let seats = inner.seats.iter().enumerate();
        let lost = seats.filter(|(_, seat)| seat.fate == Fate::Connected && seat.status == Status::Between);
        let lost = lost.map(|(number, _)| story(&inner.happened, &[number]));
        lost.flat_map(|mut told| told.split_off(told.len().saturating_sub(TOLD)))
            .collect()
    }

    /// Why the swarm has not come to rest yet; nothing when it has.
    pub(super) fn unsettled(&self, users: usize) -> Vec<String> {
        let inner = self.lock();
        let mut reasons = Vec::new();
        inner.absent(users, &mut reasons);
        let unanswered: usize = inner.seats.iter().map(|seat| seat.unanswered).sum();
        if unanswered > 0 {
            reasons.push(format!("{unanswered} messages have no answer"));
        }
        inner.alone_in_chat(Partner::MustBeThere, &mut reasons);
        inner.could_meet(&mut reasons);
        inner.acked_in_vain(&mut reasons);
        reasons
    }

    /// All rules that were broken.
    pub(super) fn verdict(&self, plan: Plan) -> Vec<String> {
        let mut broken = self.unsettled(plan.users);
        let inner = self.lock();
        broken.extend(inner.violations.iter().cloned());
        for (name, said) in &inner.said {
            if said.is_refused_in_vain() {
                broken.push(format!("{name:?} was refused and received"));
            }
        }
        // A chat told to one seat only: the other was given up before it read so, or it was among what it lost.
        let one_sided = inner.chats.values().filter(|seats| seats.len() == 1).count();
        let gone = inner.seats.iter().filter(|seat| seat.fate == Fate::Gone).count();
        let gaps = inner.counts.gaps;
        if one_sided > gone + gaps {
            broken.push(format!(
                "{one_sided} chats were told to one seat only, {gone} seats are gone, {gaps} have gaps"
            ));
        }
        if plan.weather == Weather::Calm && (gaps > 0 || inner.counts.unconfirmed > plan.unconfirmed) {
            broken.push(format!("nothing was at fault, yet: {}", inner.counts));
        }
        let more = broken.len().saturating_sub(TOLD);
        broken.truncate(TOLD);
        if more > 0 {
            broken.push(format!("and {more} more"));
        }
        inner.tell_of_one_in_vain(&mut broken);
        broken.extend(inner.stories.iter().cloned());
        broken
    }

    /// Users online, waiting and chatting, by what they were told.
    pub fn census(&self) -> (usize, usize, usize) {
        let inner = self.lock();
        let here = || inner.seats.iter().filter(|seat| seat.fate == Fate::Connected);
        let waiting = here().filter(|seat| seat.status == Status::Waiting).count();
        let chatting = here()
            .filter(|seat| matches!(seat.status, Status::Chatting(_)))
            .count();
        (here().count(), waiting, chatting)
    }
}

impl Counts {
    /// Fails when little happened: a swarm that did nothing shows nothing.
    pub fn was_lively(&self, users: usize) {
        let counts = [
            ("chats", self.chats),
            ("messages", self.messages),
            ("acks", self.acks),
            ("resumes", self.resumes),
        ];
        for (what, count) in counts {
            assert!(count > users / 2, "only {count} {what} of {users} users");
        }
        assert!(
            self.skips > users / 10,
            "only {} skips of {users} users",
            self.skips
        );
    }
}

/// Whom somebody who chats must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Partner {
    /// Somebody who is connected and believes so too.
    MustBeThere,
    /// Or somebody whose return is waited for.
    MayBeGone,
}

impl Inner {
    fn absent(&self, users: usize, reasons: &mut Vec<String>) {
        let counted = |fate| self.seats.iter().filter(|seat| seat.fate == fate).count();
        let (connected, away) = (counted(Fate::Connected), counted(Fate::Away));
        if connected != users || away > 0 {
            reasons.push(format!("{connected} of {users} are connected, {away} are away"));
        }
    }

    /// Whoever believes to be chatting has exactly one partner who believes so too.
    fn alone_in_chat(&self, rule: Partner, reasons: &mut Vec<String>) {
        let mut believers: HashMap<&str, Vec<SeatNumber>> = HashMap::new();
        for (number, seat) in self.seats.iter().enumerate() {
            if let (Status::Chatting(chat), Fate::Connected) = (&seat.status, seat.fate) {
                believers.entry(chat).or_default().push(number);
            }
        }
        for (chat, seats) in believers {
            let told = &self.chats[chat];
            let is_awaited = |seat: &&SeatNumber| self.seats[**seat].fate != Fate::Connected;
            let excused =
                rule == Partner::MayBeGone && (told.len() < 2 || told.iter().filter(is_awaited).count() == 1);
            if seats.len() != 2 && !excused {
                reasons.push(format!("only {seats:?} of {told:?} believe to be in {chat}"));
            }
        }
    }

    /// Two who wait, fit, and never met: nobody may be left like that. One who was alone in a chat, as a fault may have it,
    /// avoids somebody of whom no log tells.
    fn could_meet(&self, reasons: &mut Vec<String>) {
        let alone: HashSet<_> = self
            .chats
            .values()
            .filter(|told| told.len() == 1)
            .flatten()
            .collect();
        let waiting: Vec<_> = self
            .seats
            .iter()
            .enumerate()
            .filter(|(_, seat)| seat.fate == Fate::Connected && seat.status == Status::Waiting)
            .collect();
        for (place, (first, one)) in waiting.iter().enumerate() {
            for (second, other) in &waiting[place + 1..] {
                let knows_why = alone.contains(first) || alone.contains(second);
                if one.mode == other.mode && !knows_why && !self.met.contains(&(*first, *second)) {
                    reasons.push(format!("seats {first} and {second} both wait for {}", one.mode));
                }
            }
        }
    }

    /// What the two went through of whom one said something in vain: it is hard to find out afterwards.
    fn tell_of_one_in_vain(&self, reasons: &mut Vec<String>) {
        let Some(((chat, sender, _), said)) = self.in_vain().next() else {
            return;
        };
        let seats = &self.chats[chat];
        let began = self.happened.first().map(|first| first.at);
        let acked = said.acked.zip(began).map(|(acked, began)| acked - began);
        reasons.push(format!(
            "what {sender} said in {chat} of {seats:?} was acknowledged at {acked:.3?}:"
        ));
        reasons.extend(story(&self.happened, seats));
    }

    fn acked_in_vain(&self, reasons: &mut Vec<String>) {
        reasons.extend(self.in_vain().map(|((chat, sender, number), _)| {
            format!("message {number} of {sender} in {chat} was acknowledged and never received")
        }));
    }

    /// An acknowledged message was received, unless the partner's seat died or was told of a gap after it.
    fn in_vain(&self) -> impl Iterator<Item = (&MessageName, &Said)> {
        self.said.iter().filter(|((chat, sender, _), said)| {
            let Some(acked) = said.acked.filter(|_| !said.received) else {
                return false;
            };
            let partner = self.chats[chat].iter().find(|seat| *seat != sender);
            partner.is_some_and(|&seat| {
                let seat = &self.seats[seat];
                seat.fate != Fate::Gone && seat.gap.is_none_or(|gap| gap + SLACK <= acked)
            })
        })
    }
}
