//! Nonces that are never given twice, by this process or any other.
//!
//! **Architecture Invariant:** randomness is drawn when a sequence begins and never after, so that making an
//! id neither waits nor fails.

use crate::NoRandomness;
use std::sync::atomic::{AtomicU64, Ordering};

/// An unending sequence of nonces.
pub(crate) struct Sequence {
    /// Tells this sequence from all others; nobody outside knows it.
    random: [u8; 32],
    given: AtomicU64,
}

impl Sequence {
    /// How long a nonce is.
    pub(crate) const NONCE_BYTES: usize = 40;

    /// A sequence unlike any other.
    pub(crate) fn begin() -> Result<Self, NoRandomness> {
        Ok(Self {
            random: random_bytes()?,
            given: AtomicU64::new(0),
        })
    }

    /// A nonce that was not given before.
    pub(crate) fn next_nonce(&self) -> [u8; Self::NONCE_BYTES] {
        let mut nonce = [0; Self::NONCE_BYTES];
        nonce[..32].copy_from_slice(&self.random);
        nonce[32..].copy_from_slice(&self.given.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        nonce
    }
}

/// Bytes that the system drew.
#[expect(clippy::disallowed_methods, reason = "chance has its home here")]
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(bytes)
}
