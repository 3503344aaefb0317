//! Ids that count.

use crate::ports::{IdHash, Identity, ResumeToken, TokenSerial};
use passerby_domain::id::{ChatId, Origin, Origins, UserId};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers users and chats from 1, and makes tokens that anybody could forge.
///
/// Each address is an origin of its own; there are no wider ones. Clones go on counting where the others are.
#[derive(Clone, Debug, Default)]
pub struct CountingIdentity {
    users: Arc<AtomicU64>,
    chats: Arc<AtomicU64>,
}

impl Identity for CountingIdentity {
    fn user_id(&self, _address: IpAddr) -> UserId {
        UserId::from_bits(u128::from(next(&self.users)))
    }

    fn chat_id(&self) -> ChatId {
        ChatId::from_bits(u128::from(next(&self.chats)))
    }

    fn origins(&self, address: IpAddr) -> Origins {
        let bits = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        Origins {
            exact: Origin::from_bits(bits),
            wider: None,
            lasting: Origin::from_bits(!bits),
        }
    }

    fn digest(&self, id: &str) -> IdHash {
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        IdHash(id.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
    }

    fn token(&self, seat: UserId, serial: TokenSerial) -> ResumeToken {
        ResumeToken(format!("{seat}.{}", serial.0))
    }

    fn read_token(&self, token: &str) -> Option<(UserId, TokenSerial)> {
        let (seat, serial) = token.split_once('.')?;
        Some((seat.parse().ok()?, TokenSerial(serial.parse().ok()?)))
    }
}

fn next(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed) + 1
}
