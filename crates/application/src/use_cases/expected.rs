//! Seats that are on their way here, and what has to be done should they not come.

use crate::chat::Chat;
use crate::ports::{Outcome, Peers, Ports};
use crate::unanswered::Unanswered;
use passerby_domain::id::UserId;

impl<P: Ports> Chat<P> {
    /// A partner who was on the way here is where they were, and reached there: what `sender` has left here for them would come
    /// behind that. Nobody knows what became of it then, which is told in its time.
    pub(crate) fn overtake_at_the_door(&self, sender: UserId, partner: UserId, sent: &Unanswered) {
        if sent.went_last_to(self.adapters.peers.own()) {
            self.doorstep.withdraw(partner, sender);
        }
    }
}

/// A seat that is on its way here, until it is, or will not come any more.
pub(crate) struct Expected<'a, P: Ports> {
    node: &'a Chat<P>,
    user: UserId,
}

impl<'a, P: Ports> Expected<'a, P> {
    pub(crate) fn new(node: &'a Chat<P>, user: UserId) -> Self {
        node.doorstep.expect(user);
        Self { node, user }
    }
}

impl<P: Ports> Drop for Expected<'_, P> {
    fn drop(&mut self) {
        // What waits still was for one who has not come.
        for left in self.node.doorstep.open(self.user, std::convert::identity) {
            self.node
                .acknowledge(left.from, left.address, left.consignment, Outcome::Refused);
        }
    }
}

/// A seat that the store is asked for. If nothing becomes of it here, as when the answer is lost or nobody waits for it any
/// more, it may be this node's all the same: it is given back to the node that had it, which may be serving its user, and if
/// nobody had it, it is given up after the grace.
pub(crate) struct Asked<'a, P: Ports> {
    node: &'a Chat<P>,
    user: UserId,
    is_settled: bool,
}

impl<'a, P: Ports> Asked<'a, P> {
    pub(crate) fn new(node: &'a Chat<P>, user: UserId) -> Self {
        Self {
            node,
            user,
            is_settled: false,
        }
    }

    /// The seat is here, or does not exist.
    pub(crate) fn settled(mut self) {
        self.is_settled = true;
    }
}

impl<P: Ports> Drop for Asked<'_, P> {
    fn drop(&mut self) {
        if !self.is_settled {
            let now = self.node.now();
            self.node.taken_in_vain.add(self.user, now);
            self.node
                .abandoned
                .add(self.user, now + self.node.options.resume_grace);
        }
    }
}
