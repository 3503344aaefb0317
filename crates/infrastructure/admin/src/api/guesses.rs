//! Wrong tokens, counted by where they come from.
//!
//! **Architecture Invariant:** at most [`CAPACITY`] peers are remembered, each for a minute. When there is no room
//! for another one, its wrong tokens are counted as too many.

use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// Wrong tokens that a peer may send in a [`WINDOW`].
const FREE: u32 = 10;

const WINDOW: Millis = Millis::from_secs(60);

/// How many peers are remembered.
const CAPACITY: usize = 1_024;

/// Counts wrong tokens.
#[derive(Default)]
pub(super) struct Guesses(Mutex<HashMap<IpAddr, Window>>);

struct Window {
    until: Moment,
    wrong: u32,
}

impl Guesses {
    /// Counts a wrong token of `peer`.
    ///
    /// # Errors
    /// How long to wait, when there are too many.
    pub(super) fn count(&self, peer: IpAddr, now: Moment) -> Result<(), Millis> {
        let peer = network(peer);
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !windows.contains_key(&peer) && windows.len() >= CAPACITY {
            windows.retain(|_, window| window.until > now);
            if windows.len() >= CAPACITY {
                return Err(WINDOW);
            }
        }
        let fresh = || Window {
            until: now + WINDOW,
            wrong: 0,
        };
        let window = windows.entry(peer).or_insert_with(fresh);
        if window.until <= now {
            *window = fresh();
        }
        if window.wrong >= FREE {
            return Err(window.until.since(now));
        }
        window.wrong += 1;
        Ok(())
    }
}

/// What one party owns: an IPv4 address, or an IPv6 /64.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    const fn second(number: u64) -> Moment {
        Moment::from_millis(number * 1_000)
    }

    #[test]
    fn the_eleventh_wrong_token_of_a_minute_is_too_many() {
        let guesses = Guesses::default();
        for _ in 0..FREE {
            assert_eq!(guesses.count(peer(1), second(0)), Ok(()));
        }
        assert_eq!(guesses.count(peer(1), second(20)), Err(Millis::from_secs(40)));
        assert_eq!(
            guesses.count(peer(2), second(20)),
            Ok(()),
            "others are not held to account"
        );
        assert_eq!(guesses.count(peer(1), second(60)), Ok(()));
    }

    #[test]
    fn an_ipv6_network_counts_as_one_peer() {
        let guesses = Guesses::default();
        let peer = |host: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host));
        for host in 0..10 {
            assert_eq!(guesses.count(peer(host), second(0)), Ok(()));
        }
        assert!(guesses.count(peer(99), second(0)).is_err());
    }

    #[test]
    fn a_crowd_of_guessers_takes_no_more_memory_than_there_is() {
        let guesses = Guesses::default();
        for number in 0..1_024 {
            assert_eq!(guesses.count(peer(number), second(0)), Ok(()));
        }
        assert_eq!(guesses.count(peer(5_000), second(1)), Err(WINDOW));
        assert_eq!(
            guesses.count(peer(7), second(1)),
            Ok(()),
            "those who are known are counted on"
        );
        assert_eq!(guesses.count(peer(5_000), second(61)), Ok(()));
        assert_eq!(guesses.0.lock().unwrap().len(), 1);
    }
}
