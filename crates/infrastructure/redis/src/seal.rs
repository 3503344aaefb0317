//! What users say, and what nodes tell each other about them, made unreadable for whoever sees Redis.
//!
//! **Architecture Invariants.** Every context has keys of its own, derived from the secret that the nodes share, so that
//! nothing sealed in one is taken for something of another. What was changed, or is opened with other associated data
//! than it was sealed with, does not open. Sealing draws no randomness and cannot fail: the nonce is a keyed hash of the
//! sealer's life, a counter and all that is sealed, so two nonces are equal only if everything is.

use chacha20poly1305::aead::AeadInPlace as _;
use chacha20poly1305::{KeyInit as _, Tag, XChaCha20Poly1305, XNonce};
use passerby_domain::id::Incarnation;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// Why something does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealBroken {
    /// It is too short, or of an unknown version.
    #[error("not something that was sealed")]
    Malformed,
    /// It was sealed with a secret that this node does not have.
    #[error("sealed with an unknown key")]
    UnknownKey,
    /// It was changed, or is meant for something else.
    #[error("sealed with other data, or changed since")]
    Forged,
}

/// The secrets the nodes of one cluster share.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    /// What is sealed with.
    pub current: &'a [u8],
    /// What is opened with as well, while the nodes change from one secret to the next.
    pub previous: &'a [&'a [u8]],
}

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets([REDACTED])")
    }
}

/// Seals and opens what is meant for one context. `Debug` shows no key.
pub struct Sealer {
    current: Keys,
    previous: Vec<Keys>,
    life: u64,
    sealed: AtomicU64,
}

struct Keys {
    id: [u8; KEY_ID_BYTES],
    cipher: XChaCha20Poly1305,
    nonce: [u8; 32],
}

impl Keys {
    fn derive(context: &str, secret: &[u8]) -> Self {
        let derive = |purpose: &str| {
            let mut hasher = blake3::Hasher::new_derive_key("passerby seal v1");
            for part in [context, purpose] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
            hasher.update(secret);
            *hasher.finalize().as_bytes()
        };
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&derive("key id")[..KEY_ID_BYTES]);
        Self {
            id,
            cipher: XChaCha20Poly1305::new(&derive("cipher").into()),
            nonce: derive("nonce"),
        }
    }
}

impl Sealer {
    /// How much longer the sealed is than the plain, in bytes.
    pub const OVERHEAD: usize = HEAD_BYTES + TAG_BYTES;

    /// A sealer for `context`, a constant that says what is sealed. `life` tells this start of the node from all others, so
    /// that equal texts do not look alike.
    pub fn new(context: &'static str, secrets: Secrets<'_>, life: Incarnation) -> Self {
        Self {
            current: Keys::derive(context, secrets.current),
            previous: secrets
                .previous
                .iter()
                .map(|secret| Keys::derive(context, secret))
                .collect(),
            life: life.bits(),
            sealed: AtomicU64::new(0),
        }
    }

    /// `plain`, unreadable and tied to `associated`, which has to be given again to open it.
    pub fn seal(&self, associated: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = self.nonce(associated, plain);
        let mut sealed = Vec::with_capacity(plain.len() + Self::OVERHEAD);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.current.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let body = &mut sealed[HEAD_BYTES..];
        match self
            .current
            .cipher
            .encrypt_in_place_detached(&nonce, associated, body)
        {
            Ok(tag) => sealed.extend_from_slice(&tag),
            // Only 256 GiB or more are too long; nothing readable may leave even then.
            Err(_) => sealed.clear(),
        }
        sealed
    }

    /// What was sealed by a node that shares a secret.
    ///
    /// # Errors
    /// [`SealBroken`].
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealBroken> {
        let (head, rest) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealBroken::Malformed)?;
        let body = rest.len().checked_sub(TAG_BYTES).ok_or(SealBroken::Malformed)?;
        let (body, tag) = rest.split_at(body);
        let (version, head) = head.split_at(1);
        if version != [VERSION] {
            return Err(SealBroken::Malformed);
        }
        let (id, nonce) = head.split_at(KEY_ID_BYTES);
        let mut keys = std::iter::once(&self.current).chain(&self.previous);
        let keys = keys.find(|keys| keys.id == id).ok_or(SealBroken::UnknownKey)?;
        let mut plain = body.to_vec();
        keys.cipher
            .decrypt_in_place_detached(
                XNonce::from_slice(nonce),
                associated,
                &mut plain,
                Tag::from_slice(tag),
            )
            .map_err(|_| SealBroken::Forged)?;
        Ok(plain)
    }

    fn nonce(&self, associated: &[u8], plain: &[u8]) -> XNonce {
        let mut hasher = blake3::Hasher::new_keyed(&self.current.nonce);
        hasher.update(&self.life.to_le_bytes());
        hasher.update(&self.sealed.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.update(&(associated.len() as u64).to_le_bytes());
        hasher.update(associated);
        hasher.update(plain);
        let mut nonce = XNonce::default();
        nonce.copy_from_slice(&hasher.finalize().as_bytes()[..NONCE_BYTES]);
        nonce
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"an old secret";
    const NEW: &[u8] = b"a new secret";

    fn sealer(context: &'static str, current: &[u8], previous: &[&[u8]]) -> Sealer {
        Sealer::new(context, Secrets { current, previous }, Incarnation::from_bits(7))
    }

    #[test]
    fn what_was_sealed_is_opened_by_another_node_with_the_same_secret() {
        let here = sealer("letters", NEW, &[]);
        let there = Sealer::new(
            "letters",
            Secrets {
                current: NEW,
                previous: &[],
            },
            Incarnation::from_bits(8),
        );
        for plain in [&b""[..], b"hello", &[0; 10_000]] {
            let sealed = here.seal(b"chat 1", plain);
            assert_eq!(sealed.len(), plain.len() + Sealer::OVERHEAD);
            assert_eq!(there.open(b"chat 1", &sealed).unwrap(), plain);
        }
    }

    #[test]
    fn what_is_sealed_cannot_be_read_and_never_looks_the_same() {
        let sealer = sealer("letters", NEW, &[]);
        let first = sealer.seal(b"chat 1", b"a secret word");
        let second = sealer.seal(b"chat 1", b"a secret word");
        assert!(!first.windows(6).any(|window| window == b"secret"));
        assert_ne!(first[HEAD_BYTES..], second[HEAD_BYTES..]);
        assert_ne!(first[..HEAD_BYTES], second[..HEAD_BYTES]);
    }

    #[test]
    fn what_is_meant_for_something_else_does_not_open() {
        let sealed = sealer("letters", NEW, &[]).seal(b"chat 1", b"hello");
        let letters = sealer("letters", NEW, &[]);
        assert_eq!(letters.open(b"chat 2", &sealed), Err(SealBroken::Forged));
        let reports = sealer("reports", NEW, &[]);
        assert_eq!(reports.open(b"chat 1", &sealed), Err(SealBroken::UnknownKey));
    }

    #[test]
    fn what_was_changed_does_not_open_wherever_it_was_changed() {
        let sealer = sealer("letters", NEW, &[]);
        let sealed = sealer.seal(b"chat 1", b"hello");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(sealer.open(b"chat 1", &changed).is_err(), "byte {place}");
            assert!(sealer.open(b"chat 1", &sealed[..place]).is_err(), "{place} bytes");
        }
    }

    #[test]
    fn what_was_sealed_before_the_secret_changed_still_opens() {
        let old = sealer("letters", OLD, &[]).seal(b"chat 1", b"hello");
        assert_eq!(
            sealer("letters", NEW, &[OLD]).open(b"chat 1", &old).unwrap(),
            b"hello"
        );
        let new = sealer("letters", NEW, &[OLD]).seal(b"chat 1", b"hello");
        assert_eq!(
            sealer("letters", OLD, &[NEW]).open(b"chat 1", &new).unwrap(),
            b"hello"
        );
        assert_eq!(
            sealer("letters", NEW, &[]).open(b"chat 1", &old),
            Err(SealBroken::UnknownKey)
        );
    }
}
