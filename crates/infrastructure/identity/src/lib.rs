//! The one adapter of the `Identity` port: every id, keyed hash and token comes from a single secret.
//!
//! **Architecture Invariants.** Nothing is kept per user: whoever shares the secret reads the tokens of all
//! and knows the origins of all. Each purpose has a key of its own, derived from the secret, so that nothing
//! made for one purpose says anything about another. No address leaves this crate.

mod keys;
mod network;
mod sequence;
mod token;

use keys::{Keys, Purpose};
use network::Width;
use passerby_application::ports::{IdHash, Identity, ResumeToken, TokenSerial};
use passerby_domain::id::{ChatId, Incarnation, Origins, UserId, WiderOrigins};
use sequence::Sequence;
use std::fmt;
use std::net::IpAddr;

/// The system gave no randomness to begin with.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct NoRandomness(#[source] getrandom::Error);

/// Makes ids and tokens with keys that all derive from one secret.
///
/// Two instances with the same secret agree on origins and read each other's tokens, and never make the same
/// id. `Debug` shows nothing of the keys.
pub struct KeyedIdentity {
    keys: Keys,
    users: Sequence,
    chats: Sequence,
}

impl KeyedIdentity {
    /// An instance that shares `secret` with the other nodes of its cluster and with its own later starts.
    ///
    /// How long a secret must be is the caller's affair; any length works.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new(secret: &[u8]) -> Result<Self, NoRandomness> {
        Ok(Self {
            keys: Keys::derive(secret),
            users: Sequence::begin()?,
            chats: Sequence::begin()?,
        })
    }

    /// An instance with a secret of its own, which dies with it.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn with_random_secret() -> Result<Self, NoRandomness> {
        Self::new(&sequence::random_bytes::<32>()?)
    }
}

/// A name for one life of a node, drawn at random.
///
/// # Errors
/// [`NoRandomness`].
pub fn incarnation() -> Result<Incarnation, NoRandomness> {
    Ok(Incarnation::from_bits(u64::from_le_bytes(
        sequence::random_bytes()?,
    )))
}

impl fmt::Debug for KeyedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedIdentity([REDACTED])")
    }
}

impl Identity for KeyedIdentity {
    fn user_id(&self, address: IpAddr) -> UserId {
        let mut input = [0; 16 + Sequence::NONCE_BYTES];
        input[..16].copy_from_slice(&network::octets(address));
        input[16..].copy_from_slice(&self.users.next_nonce());
        UserId::from_bits(self.keys.hash_bits(Purpose::User, &input))
    }

    fn chat_id(&self) -> ChatId {
        // A keyed hash under the nonce of a sequence that nobody knows is as good as random bits, and takes
        // neither a system call nor a lock.
        ChatId::from_bits(self.keys.hash_bits(Purpose::Chat, &self.chats.next_nonce()))
    }

    fn origins(&self, address: IpAddr) -> Origins {
        let hash = |purpose, width| {
            let input = network::name(address, width);
            passerby_domain::id::Origin::from_bits(self.keys.hash_bits(purpose, &input))
        };
        let wider = network::is_ipv6(address).then(|| WiderOrigins {
            site: hash(Purpose::Origin, Width::Site),
            network: hash(Purpose::Origin, Width::Network),
        });
        Origins {
            exact: hash(Purpose::Origin, Width::Exact),
            wider,
            lasting: hash(Purpose::LastingOrigin, Width::Exact),
        }
    }

    fn digest(&self, id: &str) -> IdHash {
        IdHash(self.keys.digest(id))
    }

    fn token(&self, seat: UserId, serial: TokenSerial) -> ResumeToken {
        ResumeToken(token::write(&self.keys, seat, serial))
    }

    fn read_token(&self, token: &str) -> Option<(UserId, TokenSerial)> {
        token::read(&self.keys, token)
    }
}

#[cfg(test)]
mod tests;
