//! The keys of all purposes, and hashing with them.
//!
//! **Architecture Invariant:** the secret itself is not kept, and no key is ever shown.

use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// What a hash is for. Each purpose has a key of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Ids of users.
    User,
    /// Ids of chats.
    Chat,
    /// What limits and bans know an address by.
    Origin,
    /// What blocks know an address by.
    LastingOrigin,
    /// Proof that a token was made here.
    Token,
}

/// One key per purpose.
pub(crate) struct Keys {
    user: [u8; 32],
    chat: [u8; 32],
    origin: [u8; 32],
    lasting_origin: [u8; 32],
    token: [u8; 32],
    message: [u8; 16],
}

impl Keys {
    /// The keys that follow from `secret`. The names below are part of the outcome: a changed name is a new
    /// key.
    pub(crate) fn derive(secret: &[u8]) -> Self {
        let message = blake3::derive_key("passerby identity v1 message id", secret);
        Self {
            user: blake3::derive_key("passerby identity v1 user id", secret),
            chat: blake3::derive_key("passerby identity v1 chat id", secret),
            origin: blake3::derive_key("passerby identity v1 origin", secret),
            lasting_origin: blake3::derive_key("passerby identity v1 lasting origin", secret),
            token: blake3::derive_key("passerby identity v1 resume token", secret),
            message: std::array::from_fn(|byte| message[byte]),
        }
    }

    /// A short keyed hash of the id of a message. It is on the path of every message, so it is a fast one: `SipHash` 1-3,
    /// which is made for keeping strangers from choosing values that collide.
    pub(crate) fn digest(&self, id: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.message);
        hasher.write(id.as_bytes());
        hasher.finish()
    }

    /// The keyed hash of `input`. Comparing two of them takes constant time.
    pub(crate) fn hash(&self, purpose: Purpose, input: &[u8]) -> blake3::Hash {
        let key = match purpose {
            Purpose::User => &self.user,
            Purpose::Chat => &self.chat,
            Purpose::Origin => &self.origin,
            Purpose::LastingOrigin => &self.lasting_origin,
            Purpose::Token => &self.token,
        };
        blake3::keyed_hash(key, input)
    }

    /// The first 128 bits of the keyed hash of `input`.
    pub(crate) fn hash_bits(&self, purpose: Purpose, input: &[u8]) -> u128 {
        let mut bits = [0; 16];
        bits.copy_from_slice(&self.hash(purpose, input).as_bytes()[..16]);
        u128::from_be_bytes(bits)
    }
}
