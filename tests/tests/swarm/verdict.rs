//! The rules that can be judged only when the swarm has come to rest.

use std::collections::HashMap;

use crate::record::{Counts, Fate, Inner, Record, SeatNumber, Status};

impl Record {
    /// Why the swarm has not come to rest yet; nothing when it has.
    pub(crate) fn unsettled(&self, users: usize) -> Vec<String> {
        let inner = self.lock();
        let mut reasons = Vec::new();
        let connected = inner
            .seats
            .iter()
            .filter(|seat| seat.fate == Fate::Connected)
            .count();
        let away = inner.seats.iter().filter(|seat| seat.fate == Fate::Away).count();
        if connected != users || away > 0 {
            reasons.push(format!("{connected} of {users} are connected, {away} are away"));
        }
        let unanswered: usize = inner.seats.iter().map(|seat| seat.unanswered).sum();
        if unanswered > 0 {
            reasons.push(format!("{unanswered} messages have no answer"));
        }
        inner.alone_in_chat(&mut reasons);
        inner.could_meet(&mut reasons);
        inner.acked_in_vain(&mut reasons);
        reasons
    }

    /// All rules that were broken.
    pub(crate) fn verdict(&self, users: usize) -> Vec<String> {
        let mut broken = self.unsettled(users);
        let inner = self.lock();
        broken.extend(inner.violations.iter().cloned());
        for (name, said) in &inner.said {
            if said.received && said.refused && said.sends == 1 {
                broken.push(format!("{name:?} was refused and received"));
            }
        }
        // A chat told to one seat only: the other was given up before it read so.
        let one_sided = inner.chats.values().filter(|seats| seats.len() == 1).count();
        let gone = inner.seats.iter().filter(|seat| seat.fate == Fate::Gone).count();
        if one_sided > gone {
            broken.push(format!(
                "{one_sided} chats were told to one seat only, and {gone} seats are gone"
            ));
        }
        broken.truncate(30);
        broken
    }

    /// Users online, waiting and chatting, by what they were told.
    pub(crate) fn census(&self) -> (usize, usize, usize) {
        let inner = self.lock();
        let here = || inner.seats.iter().filter(|seat| seat.fate == Fate::Connected);
        let waiting = here().filter(|seat| seat.status == Status::Waiting).count();
        let chatting = here()
            .filter(|seat| matches!(seat.status, Status::Chatting(_)))
            .count();
        (here().count(), waiting, chatting)
    }

    pub(crate) fn tally(&self) -> Counts {
        self.lock().counts
    }

    /// A swarm that did nothing shows nothing.
    pub(crate) fn was_lively(&self, users: usize) {
        let Counts {
            chats,
            messages,
            acks,
            resumes,
            skips,
            ..
        } = self.tally();
        for (what, count) in [
            ("chats", chats),
            ("messages", messages),
            ("acks", acks),
            ("resumes", resumes),
        ] {
            assert!(count > users / 2, "only {count} {what} of {users} users");
        }
        assert!(skips > users / 10, "only {skips} skips of {users} users");
    }
}

impl Inner {
    /// Whoever believes to be chatting has exactly one partner who believes so too.
    fn alone_in_chat(&self, reasons: &mut Vec<String>) {
        let mut believers: HashMap<&str, Vec<SeatNumber>> = HashMap::new();
        for (number, seat) in self.seats.iter().enumerate() {
            if let (Status::Chatting(chat), Fate::Connected) = (&seat.status, seat.fate) {
                believers.entry(chat).or_default().push(number);
            }
        }
        let odd = believers.into_iter().filter(|(_, seats)| seats.len() != 2);
        reasons.extend(odd.map(|(chat, seats)| format!("only {seats:?} believe to be in {chat}")));
    }

    /// Two who wait, fit, and never met: nobody may be left like that.
    fn could_meet(&self, reasons: &mut Vec<String>) {
        let waiting: Vec<_> = self
            .seats
            .iter()
            .enumerate()
            .filter(|(_, seat)| seat.fate == Fate::Connected && seat.status == Status::Waiting)
            .collect();
        for (place, (first, one)) in waiting.iter().enumerate() {
            for (second, other) in &waiting[place + 1..] {
                if one.mode == other.mode && !self.met.contains(&(*first, *second)) {
                    reasons.push(format!("seats {first} and {second} both wait for {}", one.mode));
                }
            }
        }
    }

    /// An acknowledged message was received, unless the partner's seat died or was told of a gap.
    fn acked_in_vain(&self, reasons: &mut Vec<String>) {
        for ((chat, sender, number), said) in &self.said {
            if !said.acked || said.received {
                continue;
            }
            let partner = self.chats[chat].iter().find(|seat| *seat != sender);
            let excused =
                partner.is_none_or(|&seat| self.seats[seat].gap || self.seats[seat].fate == Fate::Gone);
            if !excused {
                reasons.push(format!(
                    "message {number} of {sender} in {chat} was acknowledged and never received"
                ));
            }
        }
    }
}
