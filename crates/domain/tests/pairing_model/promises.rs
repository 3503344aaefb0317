//! What must hold in every state, and what must hold once nothing is on its way.

use super::store::{Phase, Who};
use super::world::{Flight, Violation, World};
use passerby_domain::session::Presence;

impl World {
    /// What holds whatever is on its way.
    pub(crate) fn check(&self) -> Result<(), Violation> {
        for (who, user) in (0_u8..).zip(&self.users) {
            let Some(chatting) = user.session.chatting() else {
                continue;
            };
            let partner = chatting.link.partner();
            if partner == who {
                return Err(format!("user {who} chats with themself"));
            }
            let others = self.users.iter().enumerate().filter(|(other, user)| {
                let chat = user.session.chatting().map(|chatting| chatting.chat);
                *other != usize::from(who) && chat == Some(chatting.chat)
            });
            let others: Vec<usize> = others.map(|(other, _)| other).collect();
            let is_mutual = others == [usize::from(partner)];
            let is_being_told = self.flights.contains(&Flight::LeftAlone(who, chatting.chat));
            let is_left_alone = others.is_empty() && is_being_told;
            if !is_mutual && !is_left_alone {
                return Err(format!(
                    "user {who} is in a chat with {others:?} instead of {partner}"
                ));
            }
        }
        if self.flights.is_empty() {
            self.check_quiet()?;
        }
        Ok(())
    }

    /// What holds once nothing is on its way: nobody is forgotten.
    fn check_quiet(&self) -> Result<(), Violation> {
        for (who, user) in (0_u8..).zip(&self.users) {
            let (generation, phase) = self.store.seats[usize::from(who)];
            let is_in_queue = matches!(phase, Phase::Waiting(_));
            match user.session.search() {
                Some(wait) if !is_in_queue || generation != wait.ticket => {
                    return Err(format!("user {who} waits, and the store has them as {phase:?}"));
                }
                None if is_in_queue => {
                    return Err(format!("user {who} does not wait, and is in the queue"));
                }
                Some(_) | None => {}
            }
            if let Some(chatting) = user.session.chatting() {
                let partner = &self.user(chatting.link.partner()).session;
                let is_away = partner.presence() != Presence::Here;
                if chatting.link.is_away() != is_away {
                    return Err(format!(
                        "user {who} is wrong about whether their partner is there"
                    ));
                }
            }
        }
        let waiting: Vec<Who> = (0_u8..)
            .zip(&self.users)
            .filter(|(_, user)| user.session.search().is_some())
            .map(|(who, _)| who)
            .collect();
        for one in &waiting {
            for other in waiting.iter().filter(|other| *other > one) {
                let [wants, others] = [self.user(*one).wants, self.user(*other).wants];
                if wants.mode == others.mode && !wants.avoids(*other) && !others.avoids(*one) {
                    return Err(format!("users {one} and {other} both wait and are not paired"));
                }
            }
        }
        Ok(())
    }
}
