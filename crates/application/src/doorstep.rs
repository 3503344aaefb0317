//! The doorstep: messages for seats that are on their way to this node, kept until they are here.
//!
//! Both ends of a chat may move at once, as when nodes are restarted. What is sent to one who is between two nodes could
//! only be refused otherwise; and of a message that is sent again, nobody could say whether it had been received before.
//!
//! **Architecture Invariant:** bounded by the seats on their way, and for each of them by messages and bytes. What lies
//! here is placed under its lock, and so is the seat registered, so that nothing overtakes it. Under this lock only those
//! of the seat that comes, of its outbox and of the register are taken.

use crate::ports::{Address, Consignment, IdHash, Repetition};
use passerby_domain::id::{Incarnation, Tenure, UserId};
use passerby_domain::time::UnixMillis;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many messages may wait for one seat.
const MESSAGES: usize = 64;
/// How many bytes of text may.
const BYTES: usize = 64 * 1024;

/// A message that waits for its seat.
pub(crate) struct Left {
    pub(crate) from: Incarnation,
    pub(crate) address: Address,
    pub(crate) consignment: Consignment,
    /// The tenure of the seat that its sender knew of.
    pub(crate) tenure: Tenure,
    pub(crate) id: Option<IdHash>,
    pub(crate) repetition: Repetition,
    pub(crate) text: Box<str>,
    pub(crate) at: UnixMillis,
}

/// Whether somebody is expected who is not here yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Yes, and the message waits for them.
    Expecting,
    /// No, or too much waits for them already.
    Shut,
}

/// Who is expected, and what waits for them.
#[derive(Default)]
pub(crate) struct Doorstep(Mutex<HashMap<UserId, Vec<Left>>>);

impl Doorstep {
    /// The seat is on its way: what comes for it waits from now on.
    pub(crate) fn expect(&self, user: UserId) {
        self.lock().entry(user).or_default();
    }

    /// Leaves a message for one who is expected. If the door is shut they may be here by now.
    pub(crate) fn leave(&self, user: UserId, left: impl FnOnce() -> Left) -> Door {
        let mut expected = self.lock();
        let Some(waiting) = expected.get_mut(&user) else {
            return Door::Shut;
        };
        let left = left();
        let bytes: usize = waiting.iter().map(|waiting| waiting.text.len()).sum();
        if waiting.len() == MESSAGES || bytes + left.text.len() > BYTES {
            return Door::Shut;
        }
        waiting.push(left);
        Door::Expecting
    }

    /// Takes away what waits for `user` from `sender`, who has reached them elsewhere: it would come behind that.
    pub(crate) fn withdraw(&self, user: UserId, sender: UserId) {
        if let Some(waiting) = self.lock().get_mut(&user) {
            waiting.retain(|left| left.address.from.seat != sender);
        }
    }

    /// The seat comes, or will not come: `bring_in` does with what waits for it, in the order in which it came, what is to
    /// be done before anything else reaches it.
    pub(crate) fn open<R>(&self, user: UserId, bring_in: impl FnOnce(Vec<Left>) -> R) -> R {
        let mut expected = self.lock();
        let waiting = expected.remove(&user).unwrap_or_default();
        bring_in(waiting)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Left>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Stamp;
    use passerby_domain::id::{ChatId, Generation};

    const ANN: UserId = UserId::from_bits(1);

    fn message(number: u64, bytes: usize) -> Left {
        let from = Stamp {
            seat: UserId::from_bits(2),
            generation: Generation::default(),
        };
        Left {
            from: Incarnation::from_bits(7),
            address: Address {
                chat: ChatId::from_bits(3),
                from,
                to: ANN,
            },
            consignment: Consignment(number),
            tenure: Tenure::FIRST,
            id: None,
            repetition: Repetition::No,
            text: "x".repeat(bytes).into(),
            at: UnixMillis(0),
        }
    }

    #[test]
    fn what_comes_for_one_who_is_expected_waits_in_its_order_and_for_nobody_else() {
        let doorstep = Doorstep::default();
        assert_eq!(doorstep.leave(ANN, || message(1, 1)), Door::Shut);
        doorstep.expect(ANN);
        for number in 1..=3 {
            assert_eq!(doorstep.leave(ANN, || message(number, 1)), Door::Expecting);
        }
        let numbers = doorstep.open(ANN, |waiting| {
            let numbers = waiting.iter().map(|left| left.consignment.0);
            numbers.collect::<Vec<_>>()
        });
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(doorstep.leave(ANN, || message(4, 1)), Door::Shut, "they are here");
        assert!(doorstep.lock().is_empty());
    }

    #[test]
    fn what_is_withdrawn_does_not_wait_and_what_others_left_does() {
        let doorstep = Doorstep::default();
        doorstep.expect(ANN);
        assert_eq!(doorstep.leave(ANN, || message(1, 1)), Door::Expecting);
        doorstep.withdraw(ANN, UserId::from_bits(3));
        doorstep.withdraw(UserId::from_bits(3), UserId::from_bits(2));
        assert_eq!(doorstep.lock()[&ANN].len(), 1);
        doorstep.withdraw(ANN, UserId::from_bits(2));
        assert_eq!(doorstep.open(ANN, |waiting| waiting.len()), 0);
    }

    #[test]
    fn no_more_waits_than_has_room() {
        let doorstep = Doorstep::default();
        doorstep.expect(ANN);
        assert_eq!(doorstep.leave(ANN, || message(1, BYTES)), Door::Expecting);
        assert_eq!(doorstep.leave(ANN, || message(2, 1)), Door::Shut);
        assert_eq!(doorstep.leave(ANN, || message(3, 0)), Door::Expecting);
        for number in 4..=65 {
            assert_eq!(doorstep.leave(ANN, || message(number, 0)), Door::Expecting);
        }
        assert_eq!(doorstep.leave(ANN, || message(66, 0)), Door::Shut);
    }
}
