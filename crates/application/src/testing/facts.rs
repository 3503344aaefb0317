//! An observer that remembers.

use crate::ports::{Fact, Observer};
use std::sync::{Arc, Mutex, PoisonError};

/// Remembers every fact. Clones share what they remember.
#[derive(Clone, Debug, Default)]
pub struct FactLog(Arc<Mutex<Vec<Fact>>>);

impl FactLog {
    /// Every fact so far, in order.
    pub fn all(&self) -> Vec<Fact> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often `fact` was noted.
    pub fn count(&self, fact: Fact) -> usize {
        self.all().iter().filter(|noted| **noted == fact).count()
    }
}

impl Observer for FactLog {
    fn note(&self, fact: Fact) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fact);
    }
}
