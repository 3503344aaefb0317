//! The former owner of a seat: what it has of it.
//!
//! Usually that is whom the store names. A store that has failed over may name one that had it before, and one that took it may
//! have done so in vain: each of these says whom to ask instead, and this node may remember.

use crate::chat::Chat;
use crate::link::Moved;
use crate::ports::{HandoverAnswer, HandoverRequest, PairingStore, Peers, Ports, Taken};
use crate::use_cases::take_over::TakeOverError;
use passerby_domain::id::{Generation, Incarnation, UserId};

/// So many nodes are asked, one after the other: as many as have a seat within the time of one failover, and more.
const HOPS: usize = 4;

impl<P: Ports> Chat<P> {
    /// What the former owner has of a seat. Where it is heard all the while, and yet does not answer, letters take long: a user
    /// would rather wait than lose what was said to them. `went_to` is where the seat went from this node, if it was here
    /// within the last minute.
    ///
    /// # Errors
    /// [`TakeOverError::Outdone`] if nobody has it, and another node has taken it since.
    pub(super) async fn ask_former(
        &self,
        taken: &Taken,
        request: HandoverRequest,
        mut went_to: Option<Incarnation>,
    ) -> Result<Option<HandoverAnswer>, TakeOverError> {
        let peers = &self.adapters.peers;
        let mut former = taken.former;
        let mut asked = Asked {
            node: self,
            taken,
            is_answered: false,
        };
        for _ in 0..HOPS {
            let answer = match peers.ask_for(former, request, &self.peerage).await {
                // It may have gone from there to here, and on from here.
                Some(HandoverAnswer::Unknown) => went_to.take().map(HandoverAnswer::With),
                answer => answer,
            };
            match answer {
                Some(HandoverAnswer::With(owner)) if owner != former && self.peerage.seems_alive(owner) => {
                    former = owner;
                }
                Some(HandoverAnswer::With(_) | HandoverAnswer::Unknown) | None => break,
                given => {
                    asked.is_answered = true;
                    return Ok(given);
                }
            }
        }
        self.check_ownership(request.seat).await?;
        asked.is_answered = true;
        Ok(None)
    }

    /// A former owner lives, and has nothing or did not answer. It may be that this node has asked a store that nobody else
    /// believes any more; or others have taken the seat since.
    ///
    /// # Errors
    /// [`TakeOverError::Outdone`] if so.
    async fn check_ownership(&self, user: UserId) -> Result<(), TakeOverError> {
        let location = self.adapters.pairing.locate(user).await?;
        if location.is_some_and(|location| location.owner != self.adapters.peers.own()) {
            return Err(TakeOverError::Outdone);
        }
        Ok(())
    }

    /// A seat that was taken in vain is with its former owner still: whoever takes it from this node is told so.
    pub(super) fn note_where_it_is(&self, taken: &Taken) {
        let moved = Moved {
            owner: taken.former,
            // Of what is said of it there, anything is newer.
            generation: Generation::default(),
            at: self.now(),
            came: None,
        };
        self.peerage.note_moved(taken.dossier.stamp.seat, moved);
    }
}

/// A former owner that is asked for a seat. Should nobody wait for its answer any more, it has the seat still.
struct Asked<'a, P: Ports> {
    node: &'a Chat<P>,
    taken: &'a Taken,
    is_answered: bool,
}

impl<P: Ports> Drop for Asked<'_, P> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.node.note_where_it_is(self.taken);
        }
    }
}
