//! Every seat of this node, by its user's id.
//!
//! **Architecture Invariant:** sharded, each shard under a short lock that is never held with another lock. It is
//! not on the path of a message.

use crate::ports::Ports;
use crate::seat::Seat;
use passerby_domain::id::UserId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;

/// An id is a keyed hash already: its low bits serve as they are.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, bits: u128) {
        for half in bits.to_le_bytes().chunks_exact(8) {
            self.0 ^= half.try_into().map_or(0, u64::from_le_bytes);
        }
    }
}

type Shard<P> = HashMap<UserId, Arc<Seat<P>>, BuildHasherDefault<IdHasher>>;

/// Every seat of this node.
pub(crate) struct Register<P: Ports> {
    shards: [Mutex<Shard<P>>; SHARDS],
}

impl<P: Ports> Register<P> {
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    pub(crate) fn insert(&self, seat: Arc<Seat<P>>) {
        self.shard(seat.user()).insert(seat.user(), seat);
    }

    pub(crate) fn get(&self, user: UserId) -> Option<Arc<Seat<P>>> {
        self.shard(user).get(&user).cloned()
    }

    pub(crate) fn remove(&self, user: UserId) {
        let mut shard = self.shard(user);
        shard.remove(&user);
        // After a storm the table would stay as large as it ever was.
        if shard.capacity() > 64 && shard.len() < shard.capacity() / 8 {
            let room = shard.len() * 2;
            shard.shrink_to(room);
        }
    }

    /// Removes this very seat, unless another one has taken its place.
    pub(crate) fn remove_this(&self, seat: &Arc<Seat<P>>) {
        let is_it = self
            .get(seat.user())
            .is_some_and(|known| Arc::ptr_eq(&known, seat));
        if is_it {
            self.remove(seat.user());
        }
    }

    /// The seats there are, shard by shard; those that come meanwhile may be missed.
    pub(crate) fn all(&self) -> Vec<Arc<Seat<P>>> {
        let mut seats = Vec::new();
        for shard in &self.shards {
            seats.extend(
                shard
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .values()
                    .cloned(),
            );
        }
        seats
    }

    fn shard(&self, user: UserId) -> MutexGuard<'_, Shard<P>> {
        let shard = (user.bits() >> 100) as usize % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
