//! Connections before their time as a WebSocket, of which there may be so many at once.
//!
//! When there are more, the one that has been there for longest is shown out: an honest client is through in milliseconds,
//! and one that dawdles over its request, or over reading the page, keeps nobody else out. So sockets that say nothing, or
//! read nothing, never take the descriptors that users need.
//!
//! **Architecture Invariant:** whoever is let in is out of here for good before anything of the application waits for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// The connections that speak HTTP.
#[derive(Debug)]
pub(crate) struct Antechamber {
    room: usize,
    guests: Mutex<Guests>,
}

#[derive(Debug, Default)]
struct Guests {
    is_closed: bool,
    last: u64,
    /// By the order in which they came; those without a task have not begun.
    present: BTreeMap<u64, Option<AbortHandle>>,
}

/// A connection that speaks HTTP. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Guest {
    number: u64,
    antechamber: Arc<Antechamber>,
}

impl Antechamber {
    /// One with room for so many.
    pub(crate) fn new(room: usize) -> Arc<Self> {
        Arc::new(Self {
            room,
            guests: Mutex::default(),
        })
    }

    /// Lets one more in, and shows the oldest out if there is no room. To be called from one task, which then says whose
    /// task it is ([`Self::begins`]) before it lets the next one in.
    pub(crate) fn enter(self: &Arc<Self>) -> Guest {
        let mut guests = self.lock();
        if guests.present.len() >= self.room
            && let Some((_, Some(oldest))) = guests.present.pop_first()
        {
            oldest.abort();
        }
        guests.last += 1;
        let number = guests.last;
        guests.present.insert(number, None);
        Guest {
            number,
            antechamber: Arc::clone(self),
        }
    }

    /// The task of the guest who was let in last.
    pub(crate) fn begins(&self, task: AbortHandle) {
        let mut guests = self.lock();
        if guests.is_closed {
            task.abort();
        }
        let last = guests.last;
        // They may be through already.
        if let Some(handle) = guests.present.get_mut(&last) {
            *handle = Some(task);
        }
    }

    /// Shows everybody out, and whoever is let in from now on.
    pub(crate) fn close(&self) {
        let mut guests = self.lock();
        guests.is_closed = true;
        for task in std::mem::take(&mut guests.present).into_values().flatten() {
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Goes on to the application. False if it was shown out, and its task is about to be ended.
    pub(crate) fn goes_on(self) -> bool {
        self.remove()
    }

    fn remove(&self) -> bool {
        self.antechamber.lock().present.remove(&self.number).is_some()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio_util::task::TaskTracker;

    fn lets_in(antechamber: &Arc<Antechamber>) -> (Guest, tokio::task::JoinHandle<()>) {
        let guest = antechamber.enter();
        let task = TaskTracker::new().spawn(pending());
        antechamber.begins(task.abort_handle());
        (guest, task)
    }

    #[tokio::test]
    async fn the_oldest_makes_room_for_a_newcomer() {
        let antechamber = Antechamber::new(2);
        let (first, ended) = lets_in(&antechamber);
        let (second, _kept) = lets_in(&antechamber);
        let (third, _also_kept) = lets_in(&antechamber);
        assert!(ended.await.unwrap_err().is_cancelled());
        assert!(!first.goes_on());
        assert!(second.goes_on() && third.goes_on());
        assert!(antechamber.lock().present.is_empty());
    }

    #[tokio::test]
    async fn nobody_stays_once_it_is_closed() {
        let antechamber = Antechamber::new(2);
        let (first, ended) = lets_in(&antechamber);
        antechamber.close();
        assert!(ended.await.unwrap_err().is_cancelled());
        assert!(!first.goes_on());
        let (_late, ended) = lets_in(&antechamber);
        assert!(ended.await.unwrap_err().is_cancelled());
    }

    #[tokio::test]
    async fn whoever_goes_on_or_away_makes_room_and_is_not_ended() {
        let antechamber = Antechamber::new(1);
        for _ in 0..3 {
            let (guest, task) = lets_in(&antechamber);
            assert!(guest.goes_on());
            let (gone, _) = lets_in(&antechamber);
            drop(gone);
            assert!(!task.is_finished());
        }
    }
}
