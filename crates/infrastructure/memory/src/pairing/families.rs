//! The names of interests, as numbers.
//!
//! A family is an interest in one mode; there is one more per mode, *anybody*, for those who do not insist on
//! a shared interest. Each is known by a keyed hash: comparing and finding these touches no text.
//!
//! **Architecture Invariant:** the key is drawn at random when the store begins, so nobody can make two
//! interests that share a number. That two do so by chance is next to impossible, and would only count as an
//! interest in common.

use passerby_domain::criteria::{Criteria, Interest, Interests, Mode};
use std::cmp::Ordering;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};

/// One family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Family(u64);

/// A family is a hash already.
impl Hash for Family {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// The families that somebody belongs to.
#[derive(Clone, Debug)]
pub(super) struct Families {
    /// Of those who take anybody.
    pub(super) anybody: Family,
    /// Of their interests, in the order of the numbers.
    shared: [Family; Interests::MAX],
    count: usize,
}

impl Families {
    /// One family for each interest.
    pub(super) fn shared(&self) -> &[Family] {
        self.shared.get(..self.count).unwrap_or_default()
    }

    /// How many interests two people have in common.
    pub(super) fn count_in_common(&self, other: &Self) -> usize {
        let (mut left, mut right) = (self.shared(), other.shared());
        let mut count = 0;
        while let ([one, left_rest @ ..], [other, right_rest @ ..]) = (left, right) {
            let order = one.cmp(other);
            count += usize::from(order == Ordering::Equal);
            if order != Ordering::Greater {
                left = left_rest;
            }
            if order != Ordering::Less {
                right = right_rest;
            }
        }
        count
    }
}

/// Gives families their numbers.
#[derive(Debug, Default)]
pub(super) struct Naming(RandomState);

impl Naming {
    /// The families of somebody who asks for this.
    pub(super) fn families_of(&self, criteria: &Criteria) -> Families {
        let mut shared = [Family::default(); Interests::MAX];
        for (family, interest) in shared.iter_mut().zip(&criteria.interests) {
            *family = self.name(criteria.mode, Some(interest));
        }
        let count = criteria.interests.len().min(shared.len());
        shared[..count].sort_unstable();
        Families {
            anybody: self.name(criteria.mode, None),
            shared,
            count,
        }
    }

    fn name(&self, mode: Mode, interest: Option<&Interest>) -> Family {
        Family(self.0.hash_one((mode, interest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(naming: &Naming, interests: &[&str], mode: Mode) -> Families {
        let interests = Interests::parse(interests.iter().copied()).unwrap();
        naming.families_of(&Criteria {
            interests,
            mode,
            language: None,
        })
    }

    #[test]
    fn what_two_have_in_common_is_counted_whatever_the_numbers() {
        for _ in 0..50 {
            let naming = Naming::default();
            let one = families(&naming, &["a", "b", "c", "d"], Mode::Text);
            let other = families(&naming, &["x", "D", "b", "y", "z"], Mode::Text);
            assert_eq!(one.count_in_common(&other), 2);
            assert_eq!(other.count_in_common(&one), 2);
            assert_eq!(one.count_in_common(&one), 4);
            assert_eq!(one.count_in_common(&families(&naming, &[], Mode::Text)), 0);
        }
    }

    #[test]
    fn an_interest_in_another_mode_is_another_family() {
        let naming = Naming::default();
        let text = families(&naming, &["a"], Mode::Text);
        let video = families(&naming, &["a"], Mode::Video);
        assert_eq!(text.count_in_common(&video), 0);
        assert_ne!(text.anybody, video.anybody);
        assert_eq!(text.anybody, families(&naming, &["b"], Mode::Text).anybody);
    }
}
