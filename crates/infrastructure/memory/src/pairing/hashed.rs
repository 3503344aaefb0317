//! Maps whose keys are hashes already: hashing them once more would be work for nothing.
//!
//! **Architecture Invariant:** only for keys that no outsider can choose or foresee.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

/// A map whose keys are hashes.
pub(super) type HashedMap<K, V> = HashMap<K, V, BuildHasherDefault<AsIs>>;

/// Takes a key for its hash.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0.rotate_left(8) ^ u64::from(byte));
        }
    }

    fn write_u64(&mut self, hash: u64) {
        // A map looks at the first bits and at the last ones. This spreads over all of them what little there
        // is in a key that is no hash, as in a test.
        self.0 = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn write_u128(&mut self, hash: u128) {
        let [mut high, mut low] = [[0; 8]; 2];
        let bytes = hash.to_be_bytes();
        high.copy_from_slice(&bytes[..8]);
        low.copy_from_slice(&bytes[8..]);
        self.write_u64(u64::from_be_bytes(high).rotate_left(32) ^ u64::from_be_bytes(low));
    }
}

/// Gives memory back when most of it is no longer used. So seldom that it costs next to nothing per
/// operation.
pub(super) fn give_back<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    const SMALL: usize = 1_024;
    if map.capacity() > SMALL && map.len() < map.capacity() / 8 {
        map.shrink_to((map.len() * 2).max(SMALL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_that_are_no_hashes_are_spread_too() {
        let hashes = (0..1_000_u128).map(|key| BuildHasherDefault::<AsIs>::default().hash_one(key));
        let (first, last): (HashSet<_>, HashSet<_>) = hashes.map(|hash| (hash >> 57, hash % 1_024)).unzip();
        assert!(
            first.len() > 100 && last.len() > 500,
            "{} and {}",
            first.len(),
            last.len()
        );
    }

    #[test]
    fn a_map_that_was_large_gives_its_memory_back() {
        let mut map: HashedMap<u64, u64> = (0..100_000).map(|key| (key, key)).collect();
        map.retain(|&key, _| key < 10);
        give_back(&mut map);
        assert!(map.capacity() < 10_000);
        assert_eq!(map.len(), 10);
    }
}
