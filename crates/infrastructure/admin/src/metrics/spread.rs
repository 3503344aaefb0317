//! A counter for what happens on all threads all the time.
//!
//! A word that many processors write goes from cache to cache each time. So each thread has one of a few words, each with a
//! cache line of its own, and who asks adds them up.

use super::series::Count;
use std::array;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many words there are. Threads beyond so many share them.
const WORDS: usize = 32;

/// Two cache lines of most processors, since many fetch two at once.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Word(AtomicU64);

thread_local! {
    /// Which word is this thread's.
    static OWN: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % WORDS
    };
}

/// A clone is another handle on the same counter.
#[derive(Clone, Debug)]
pub(super) struct Spread(Arc<[Word; WORDS]>);

impl Default for Spread {
    fn default() -> Self {
        Self(Arc::new(array::from_fn(|_| Word::default())))
    }
}

impl Spread {
    /// Counts one. Neither waits nor allocates.
    pub(super) fn inc(&self) {
        // A thread that is ending has no word any more.
        let own = OWN.try_with(|own| *own).unwrap_or_default();
        if let Some(word) = self.0.get(own) {
            word.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Count for Spread {
    fn count(&self) -> u64 {
        self.0.iter().map(|word| word.0.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_many_threads_count_is_added_up() {
        let counter = Spread::default();
        thread::scope(|scope| {
            for _ in 0..WORDS + 8 {
                scope.spawn(|| (0..1_000).for_each(|_| counter.inc()));
            }
        });
        assert_eq!(counter.count(), (WORDS as u64 + 8) * 1_000);
    }

    #[test]
    fn two_threads_write_to_different_words() {
        let counter = Spread::default();
        counter.inc();
        thread::scope(|scope| scope.spawn(|| counter.inc()).join()).expect("it counts");
        let written = counter.0.iter().filter(|word| word.0.load(Ordering::Relaxed) > 0);
        assert_eq!(written.count(), 2);
    }
}
