//! A store that goes through a list, and can be made wrong.

use passerby_application::ports::{
    Block, Claim, Clock as _, Offer, PairingRules, PairingStore, Pulse, Release, SameOrigin, Seeker, Stamp,
    StoreError,
};
use passerby_application::testing::ManualClock;
use passerby_domain::criteria::{Openness, Wish, fit};
use passerby_domain::id::{Generation, NodeId, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::{Millis, Moment};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It looks for a partner in one step, and takes them out in another.
    GetThenRemove,
    /// Whatever comes last counts, however old it is.
    ForgetsGenerations,
    /// Whoever is left alone with an offer goes back to the queue by themself.
    KeepsDeadOffers,
    /// It does not count the interests in common.
    FirstComeFirstServed,
    /// It does not ask whom the one who was found must not meet.
    HearsTheSeekerOnly,
}

#[derive(Debug)]
enum Phase {
    Waiting(Seeker),
    Paired(Seeker, UserId),
    Settled,
    Gone,
}

#[derive(Debug, Default)]
struct State {
    seats: BTreeMap<UserId, (Generation, Phase)>,
    blocks: Vec<Block>,
    nodes: Vec<(NodeId, Census, Moment)>,
}

/// The store.
#[derive(Debug)]
pub(crate) struct PlainStore {
    rules: PairingRules,
    fault: Fault,
    /// What time it is in the case.
    pub(crate) clock: ManualClock,
    state: Mutex<State>,
}

impl PlainStore {
    /// An empty store with this fault.
    pub(crate) fn new(rules: PairingRules, clock: ManualClock, fault: Fault) -> Self {
        Self {
            rules,
            fault,
            clock,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the lock")
    }

    fn wish<'a>(&self, seeker: &'a Seeker) -> Wish<'a> {
        let criteria = &seeker.criteria;
        Wish {
            criteria,
            openness: Openness::of(criteria, seeker.from, &self.rules.patience, self.clock.now()),
        }
    }

    /// The first step of a search: whom it finds. `None` if it is stale.
    fn get(&self, state: &State, seeker: &Seeker) -> Option<Result<Seeker, Option<Moment>>> {
        let is_over = state
            .seats
            .get(&seeker.stamp.seat)
            .is_some_and(|(generation, phase)| {
                *generation == seeker.stamp.generation && !matches!(phase, Phase::Waiting(_))
            });
        (!is_over && self.heeds(state, seeker.stamp)).then(|| self.search(state, seeker))
    }

    /// The second step: both are taken out, or the seeker is put in.
    fn remove(&self, state: &mut State, seeker: Seeker, found: Result<Seeker, Option<Moment>>) -> Claim {
        match found {
            Ok(found) => {
                let offer = Offer {
                    chat: seeker.chat,
                    seeker: seeker.stamp,
                    found: found.stamp,
                };
                let (seeker_seat, found_seat) = (offer.seeker.seat, offer.found.seat);
                self.replace(state, offer.seeker, Phase::Paired(seeker, found_seat));
                self.replace(state, offer.found, Phase::Paired(found, seeker_seat));
                Claim::Offered(offer)
            }
            Err(retry_at) => {
                self.replace(state, seeker.stamp, Phase::Waiting(seeker));
                Claim::Waiting { retry_at }
            }
        }
    }

    /// Who fits best; or else when the answer changes by itself.
    fn search(&self, state: &State, seeker: &Seeker) -> Result<Seeker, Option<Moment>> {
        let waiting = state.seats.values().filter_map(|(_, phase)| match phase {
            Phase::Waiting(waiter) if waiter.stamp.seat != seeker.stamp.seat => Some(waiter),
            _ => None,
        });
        let may_share_origin = self.rules.same_origin == SameOrigin::Allowed;
        let fitting = waiting
            .filter(|waiter| may_share_origin || waiter.origin != seeker.origin)
            .filter_map(|waiter| {
                let in_common = fit(self.wish(seeker), self.wish(waiter))?;
                Some((self.apart_until(state, seeker, waiter), in_common, waiter))
            });
        let (apart, free): (Vec<_>, Vec<_>) = fitting.partition(|(until, ..)| until.is_some());
        let best = free.into_iter().min_by_key(|(_, in_common, waiter)| {
            let counted = if self.fault == Fault::FirstComeFirstServed {
                0
            } else {
                *in_common
            };
            (Reverse(counted), waiter.place, waiter.stamp.seat)
        });
        if let Some((.., found)) = best {
            return Ok(found.clone());
        }
        let patience = &self.rules.patience;
        let opens = Openness::next_change(&seeker.criteria, seeker.from, patience, self.clock.now());
        Err(apart
            .into_iter()
            .filter_map(|(until, ..)| until)
            .chain(opens)
            .min())
    }

    fn apart_until(&self, state: &State, seeker: &Seeker, found: &Seeker) -> Option<Moment> {
        let mut ends = Vec::new();
        for (one, other) in [(seeker, found), (found, seeker)] {
            if self.fault == Fault::HearsTheSeekerOnly && one.stamp == found.stamp {
                continue;
            }
            ends.extend(
                one.avoid
                    .iter()
                    .filter(|entry| entry.seat == other.stamp.seat)
                    .map(|entry| entry.until),
            );
        }
        let mut pair = [seeker.lasting_origin, found.lasting_origin];
        pair.sort_unstable();
        for block in &state.blocks {
            let mut origins = block.origins;
            origins.sort_unstable();
            if origins == pair && pair[0] != pair[1] {
                ends.push(block.until);
            }
        }
        ends.into_iter().filter(|&until| until > self.clock.now()).max()
    }

    /// Whether `stamp` is not older than what is known of its seat.
    fn heeds(&self, state: &State, stamp: Stamp) -> bool {
        match state.seats.get(&stamp.seat) {
            _ if self.fault == Fault::ForgetsGenerations => true,
            Some((_, Phase::Gone)) => false,
            Some((generation, _)) => *generation <= stamp.generation,
            None => true,
        }
    }

    fn replace(&self, state: &mut State, stamp: Stamp, phase: Phase) {
        let former = state.seats.insert(stamp.seat, (stamp.generation, phase));
        if self.fault == Fault::KeepsDeadOffers
            && let Some((_, Phase::Paired(_, partner))) = former
            && let Some((_, left)) = state.seats.get_mut(&partner)
            && let Phase::Paired(seeker, other) = left
            && *other == stamp.seat
        {
            *left = Phase::Waiting(seeker.clone());
        }
    }
}

/// Lets others have a turn, once.
async fn pause() {
    let mut turns = 0;
    std::future::poll_fn(|context| {
        turns += 1;
        context.waker().wake_by_ref();
        if turns > 1 {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

impl PairingStore for PlainStore {
    async fn claim(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        if self.fault == Fault::GetThenRemove {
            let Some(found) = self.get(&self.state(), &seeker) else {
                return Ok(Claim::Stale);
            };
            pause().await;
            return Ok(self.remove(&mut self.state(), seeker, found));
        }
        let mut state = self.state();
        let Some(found) = self.get(&state, &seeker) else {
            return Ok(Claim::Stale);
        };
        Ok(self.remove(&mut state, seeker, found))
    }

    async fn release(&self, seat: Stamp, release: Release) -> Result<(), StoreError> {
        let mut state = self.state();
        if self.heeds(&state, seat) {
            let phase = match release {
                Release::Rest | Release::Hold => Phase::Settled,
                Release::Gone => Phase::Gone,
            };
            self.replace(&mut state, seat, phase);
        }
        Ok(())
    }

    async fn block(&self, block: Block) -> Result<(), StoreError> {
        self.state().blocks.push(block);
        Ok(())
    }

    async fn heartbeat(&self, node: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        let (mut state, now) = (self.state(), self.clock.now());
        state
            .nodes
            .retain(|(known, _, at)| known != node && now < *at + Millis::from_secs(5));
        state.nodes.push((node.clone(), own, now));
        let census = state
            .nodes
            .iter()
            .fold(Census::default(), |sum, (_, census, _)| Census {
                online: sum.online + census.online,
                waiting: sum.waiting + census.waiting,
                chatting: sum.chatting + census.chatting,
            });
        Ok(census.into())
    }
}
