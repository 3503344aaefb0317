//! Links that somebody has to write to.
//!
//! **Architecture Invariants.** A link is named here when something begins to wait in it, and not for each letter. Who is
//! named stays so until it is taken, whether or not anybody waits for it.

use super::link::{Link, Urgency};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Links that somebody has to write to.
#[derive(Debug, Default)]
pub(super) struct Ready {
    now: List,
    later: List,
}

#[derive(Debug, Default)]
struct List {
    links: Mutex<Vec<Arc<Link>>>,
    /// It is empty no more.
    begun: Notify,
}

impl Ready {
    pub(super) fn add(&self, link: &Arc<Link>, urgency: Urgency) {
        let list = self.list(urgency);
        let was_empty = list.with(|links| {
            links.push(Arc::clone(link));
            links.len() == 1
        });
        if was_empty {
            list.begun.notify_one();
        }
    }

    /// Waits until there is a link in a list that was empty.
    pub(super) async fn begins(&self, urgency: Urgency) {
        self.list(urgency).begun.notified().await;
    }

    pub(super) fn take(&self, urgency: Urgency) -> Vec<Arc<Link>> {
        self.list(urgency).with(std::mem::take)
    }

    fn list(&self, urgency: Urgency) -> &List {
        match urgency {
            Urgency::Now => &self.now,
            Urgency::Later => &self.later,
        }
    }
}

impl List {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Arc<Link>>) -> T) -> T {
        work(&mut self.links.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
