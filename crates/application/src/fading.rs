//! What is remembered for a while: for a span at least and two at most, and no more than so much of it.
//!
//! Two maps take turns, so that forgetting costs nothing for each of what is forgotten.
//!
//! **Architecture Invariant:** bounded in number and time. Whoever remembers in this way finds out otherwise what was forgotten
//! too early.

use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much one span remembers.
const MOST: usize = 65_536;

/// A memory that fades.
pub(crate) struct Fading<K, V> {
    span: Millis,
    spans: Mutex<Spans<K, V>>,
}

/// This span and the one before.
struct Spans<K, V> {
    began: Moment,
    present: HashMap<K, V>,
    past: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Copy> Fading<K, V> {
    /// An empty memory of this span.
    pub(crate) fn new(span: Millis) -> Self {
        let spans = Mutex::new(Spans {
            began: Moment::ORIGIN,
            present: HashMap::new(),
            past: HashMap::new(),
        });
        Self { span, spans }
    }

    /// Remembers this, if there is room.
    pub(crate) fn note(&self, key: K, value: V, now: Moment) {
        let mut spans = self.turned(now);
        if spans.present.len() < MOST {
            spans.present.insert(key, value);
        }
    }

    /// Changes what is remembered of this, which is nothing at first. The change is forgotten at once if there is no room.
    pub(crate) fn change<T>(&self, key: K, now: Moment, change: impl FnOnce(&mut V) -> T) -> T
    where
        V: Default,
    {
        let mut spans = self.turned(now);
        let known = spans.present.get(&key).or_else(|| spans.past.get(&key)).copied();
        let mut value = known.unwrap_or_default();
        let answer = change(&mut value);
        if spans.present.len() < MOST || spans.present.contains_key(&key) {
            spans.present.insert(key, value);
        }
        answer
    }

    /// What is remembered of this.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let spans = self.lock();
        spans.present.get(key).or_else(|| spans.past.get(key)).copied()
    }

    /// All that is remembered, which is forgotten with this.
    pub(crate) fn take(&self) -> impl Iterator<Item = (K, V)> + use<K, V> {
        let mut spans = self.lock();
        let past = std::mem::take(&mut spans.past);
        let present = std::mem::take(&mut spans.present);
        past.into_iter().chain(present)
    }

    /// Forgets what is old.
    pub(crate) fn forget(&self, now: Moment) {
        drop(self.turned(now));
    }

    fn turned(&self, now: Moment) -> MutexGuard<'_, Spans<K, V>> {
        let mut spans = self.lock();
        if now.since(spans.began) >= self.span {
            spans.began = now;
            spans.past = std::mem::take(&mut spans.present);
        }
        spans
    }

    fn lock(&self) -> MutexGuard<'_, Spans<K, V>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    #[test]
    fn what_is_noted_is_remembered_for_its_span_and_forgotten_after_two() {
        let fading = Fading::new(Millis::from_secs(20));
        fading.note('a', 1, at(100));
        assert_eq!([fading.get(&'a'), fading.get(&'b')], [Some(1), None]);
        fading.forget(at(120));
        assert_eq!(fading.get(&'a'), Some(1));
        fading.forget(at(140));
        assert_eq!(fading.get(&'a'), None);
    }

    #[test]
    fn what_is_taken_is_all_and_is_forgotten() {
        let fading = Fading::new(Millis::from_secs(20));
        fading.note('a', 1, at(100));
        fading.note('b', 2, at(120));
        assert_eq!(fading.take().collect::<Vec<_>>(), [('a', 1), ('b', 2)]);
        assert_eq!(fading.take().count(), 0);
    }

    #[test]
    fn what_changes_is_remembered_anew() {
        let fading = Fading::<char, u32>::new(Millis::from_secs(20));
        let count = |now| {
            fading.change('a', now, |count| {
                *count += 1;
                *count
            })
        };
        assert_eq!([count(at(100)), count(at(119)), count(at(121))], [1, 2, 3]);
        assert_eq!(count(at(145)), 4, "it was changed within the last two spans");
        fading.forget(at(170));
        assert_eq!(count(at(200)), 1);
    }

    #[test]
    fn no_more_is_remembered_than_has_room() {
        let fading = Fading::new(Millis::from_secs(20));
        for number in 0..=MOST {
            fading.note(number, (), at(100));
        }
        assert_eq!([fading.get(&(MOST - 1)), fading.get(&MOST)], [Some(()), None]);
    }
}
