//! A store as it would be if speed did not matter: a list, and the domain's rule applied to each of it.

use super::scene::RULES;
use passerby_application::ports::{Claim, Offer, PairingRules, SameOrigin, Seeker};
use passerby_domain::criteria::{Openness, Wish, fit};
use passerby_domain::id::{Origin, UserId};
use passerby_domain::time::Moment;
use std::cmp::Reverse;

/// A plain store. It takes for granted that everything comes in order.
#[derive(Debug)]
pub(super) struct Model {
    rules: PairingRules,
    waiting: Vec<Seeker>,
    blocks: Vec<([Origin; 2], Moment)>,
    /// How many offers were made.
    pub(super) pairs: usize,
}

impl Model {
    pub(super) fn new(rules: PairingRules) -> Self {
        assert_eq!(
            RULES.same_origin,
            SameOrigin::Allowed,
            "the model knows no other rule"
        );
        Self {
            rules,
            waiting: Vec::new(),
            blocks: Vec::new(),
            pairs: 0,
        }
    }

    pub(super) fn rest(&mut self, seat: UserId) {
        self.waiting.retain(|waiter| waiter.stamp.seat != seat);
    }

    pub(super) fn block(&mut self, one: &Seeker, other: &Seeker, until: Moment) {
        self.blocks
            .push(([one.lasting_origin, other.lasting_origin], until));
    }

    pub(super) fn claim(&mut self, seeker: &Seeker, now: Moment) -> Claim {
        self.rest(seeker.stamp.seat);
        let fitting = self.waiting.iter().filter_map(|waiter| {
            let in_common = fit(self.wish(seeker, now), self.wish(waiter, now))?;
            Some((
                self.kept_apart_until(seeker, waiter, now),
                Reverse(in_common),
                waiter,
            ))
        });
        let (kept_apart, free): (Vec<_>, Vec<_>) = fitting.partition(|(until, ..)| until.is_some());
        let best = free
            .into_iter()
            .min_by_key(|(_, in_common, waiter)| (*in_common, waiter.place, waiter.stamp.seat));
        if let Some((.., found)) = best {
            let offer = Offer {
                chat: seeker.chat,
                seeker: seeker.stamp,
                found: found.stamp,
            };
            self.rest(offer.found.seat);
            self.pairs += 1;
            return Claim::Offered(offer);
        }
        let patience = &self.rules.patience;
        let opens = Openness::next_change(&seeker.criteria, seeker.from, patience, now);
        let retry_at = kept_apart
            .iter()
            .filter_map(|(until, ..)| *until)
            .chain(opens)
            .min();
        self.waiting.push(seeker.clone());
        Claim::Waiting { retry_at }
    }

    fn wish<'a>(&self, seeker: &'a Seeker, now: Moment) -> Wish<'a> {
        let criteria = &seeker.criteria;
        Wish {
            criteria,
            openness: Openness::of(criteria, seeker.from, &self.rules.patience, now),
        }
    }

    fn kept_apart_until(&self, one: &Seeker, other: &Seeker, now: Moment) -> Option<Moment> {
        let avoided = |by: &Seeker, seat| {
            by.avoid
                .iter()
                .filter(move |entry| entry.seat == seat)
                .map(|entry| entry.until)
                .collect::<Vec<_>>()
        };
        let pair = [one.lasting_origin, other.lasting_origin];
        let is_pair = |origins: &[Origin; 2]| *origins == pair || *origins == [pair[1], pair[0]];
        let blocks = self
            .blocks
            .iter()
            .filter(|(origins, _)| pair[0] != pair[1] && is_pair(origins));
        avoided(one, other.stamp.seat)
            .into_iter()
            .chain(avoided(other, one.stamp.seat))
            .chain(blocks.map(|(_, until)| *until))
            .filter(|&until| until > now)
            .max()
    }
}
