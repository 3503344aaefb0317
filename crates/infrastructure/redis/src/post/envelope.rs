//! Batches, sealed.
//!
//! ```text
//! version 1 | key id 4 | from 8 | to 8 | session 4 | counter 8 | not after 8 | the batch, sealed ... | tag 16
//! ```
//!
//! **Architecture Invariants.** Each direction between two lives of nodes has a key of its own. The nonce is the session
//! and the counter, which are used for one batch and never again: sessions are counted by the sender for as long as it
//! lives. What comes before the sealed part is bound to it. Nothing that comes in is believed before it opens.

use crate::seal::Secrets;
use crate::time::RedisMillis;
use passerby_domain::id::Incarnation;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fmt;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
/// What comes before the batch.
pub(super) const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + 8 + 8 + 4 + 8 + 8;

/// Which of a sender's batches a batch is. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Serial {
    /// Which of the links that the sender had.
    pub(super) session: u32,
    /// Which batch of that link. The first is 1.
    pub(super) counter: u64,
}

impl Serial {
    /// Whether nothing is missing between `last`, if there was one, and this one.
    pub(super) fn follows(self, last: Option<Self>) -> bool {
        match last {
            Some(last) if last.session == self.session => self.counter == last.counter + 1,
            Some(_) | None => self.counter == 1,
        }
    }

    fn nonce(self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.session.to_le_bytes());
        nonce[4..].copy_from_slice(&self.counter.to_le_bytes());
        Nonce::assume_unique_for_key(nonce)
    }
}

/// What an envelope says on its outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    key: [u8; KEY_ID_BYTES],
    /// Who sent it.
    pub(super) from: Incarnation,
    to: Incarnation,
    /// Which of the sender's batches it is.
    pub(super) serial: Serial,
    /// When it is to be thrown away.
    pub(super) not_after: RedisMillis,
}

/// Why an envelope is thrown away unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Another version of the program wrote it, or it was sealed with a secret that this node does not have.
    Foreign,
    /// It is cut, was changed, or is meant for somebody else.
    Forged,
}

/// The keys of all links of this node.
pub(super) struct LinkKeys {
    own: Incarnation,
    current: Root,
    previous: Vec<Root>,
}

/// What the keys of links are derived from.
struct Root {
    id: [u8; KEY_ID_BYTES],
    key: [u8; 32],
}

/// Seals what goes to one node.
pub(super) struct Sealing {
    header: Header,
    cipher: Option<LessSafeKey>,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealing([REDACTED])")
    }
}

/// Opens what comes from one node.
pub(super) struct Opening {
    key: [u8; KEY_ID_BYTES],
    cipher: LessSafeKey,
}

impl Root {
    fn derive(secret: &[u8]) -> Self {
        let id = blake3::derive_key("passerby redis v1 post key id", secret);
        Self {
            id: [id[0], id[1], id[2], id[3]],
            key: blake3::derive_key("passerby redis v1 post", secret),
        }
    }

    /// Never none: the key is as long as it has to be.
    fn cipher(&self, from: Incarnation, to: Incarnation) -> Option<LessSafeKey> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&from.bits().to_le_bytes());
        hasher.update(&to.bits().to_le_bytes());
        let key = UnboundKey::new(&AES_256_GCM, hasher.finalize().as_bytes()).ok()?;
        Some(LessSafeKey::new(key))
    }
}

impl LinkKeys {
    pub(super) fn new(own: Incarnation, secrets: Secrets<'_>) -> Self {
        Self {
            own,
            current: Root::derive(secrets.current),
            previous: secrets
                .previous
                .iter()
                .map(|secret| Root::derive(secret))
                .collect(),
        }
    }

    pub(super) fn own(&self) -> Incarnation {
        self.own
    }

    /// For a new link to `to`. No two links of a node have the same session.
    pub(super) fn sealing(&self, to: Incarnation, session: u32) -> Sealing {
        Sealing {
            header: Header {
                key: self.current.id,
                from: self.own,
                to,
                serial: Serial { session, counter: 0 },
                not_after: RedisMillis(0),
            },
            cipher: self.current.cipher(self.own, to),
        }
    }

    /// What an envelope says of itself, if it may be for this node.
    pub(super) fn look(&self, envelope: &[u8]) -> Result<Header, Unfit> {
        if envelope.first() != Some(&VERSION) {
            return Err(Unfit::Foreign);
        }
        let header = Header::read(envelope).ok_or(Unfit::Forged)?;
        if header.to != self.own {
            return Err(Unfit::Forged);
        }
        Ok(header)
    }

    /// For what comes with this header.
    pub(super) fn opening(&self, header: &Header) -> Result<Opening, Unfit> {
        let mut roots = std::iter::once(&self.current).chain(&self.previous);
        let root = roots.find(|root| root.id == header.key).ok_or(Unfit::Foreign)?;
        Ok(Opening {
            key: root.id,
            cipher: root.cipher(header.from, header.to).ok_or(Unfit::Foreign)?,
        })
    }
}

impl Sealing {
    /// A batch was given up before it was sealed: whoever waits for it finds a hole.
    pub(super) fn skip(&mut self) {
        self.header.serial.counter += 1;
    }

    /// Seals the batch that begins behind the room for the header.
    pub(super) fn seal(&mut self, envelope: &mut Vec<u8>, not_after: RedisMillis) {
        self.header.serial.counter += 1;
        self.header.not_after = not_after;
        let Some((header, batch)) = envelope.split_at_mut_checked(HEADER_BYTES) else {
            return;
        };
        self.header.write(header);
        let nonce = self.header.serial.nonce();
        let sealed = self
            .cipher
            .as_ref()
            .map(|cipher| cipher.seal_in_place_separate_tag(nonce, Aad::from(header), batch));
        match sealed {
            Some(Ok(tag)) => envelope.extend_from_slice(tag.as_ref()),
            // Only 64 GiB or more are too long; nothing readable may leave even then.
            Some(Err(_)) | None => envelope.clear(),
        }
    }
}

impl Opening {
    /// Whether it opens what comes with this header.
    pub(super) fn fits(&self, header: &Header) -> bool {
        self.key == header.key
    }

    /// The batch, opened where it lies.
    pub(super) fn open<'a>(&self, header: &Header, envelope: &'a mut [u8]) -> Result<&'a [u8], Unfit> {
        let (head, sealed) = envelope.split_at_mut_checked(HEADER_BYTES).ok_or(Unfit::Forged)?;
        let batch = self
            .cipher
            .open_in_place(header.serial.nonce(), Aad::from(head), sealed)
            .map_err(|_| Unfit::Forged)?;
        Ok(batch)
    }
}

impl Header {
    fn write(&self, out: &mut [u8]) {
        let Self {
            key,
            from,
            to,
            serial,
            not_after,
        } = self;
        let parts: [&[u8]; 7] = [
            &[VERSION],
            key,
            &from.bits().to_le_bytes(),
            &to.bits().to_le_bytes(),
            &serial.session.to_le_bytes(),
            &serial.counter.to_le_bytes(),
            &not_after.0.to_le_bytes(),
        ];
        let mut rest = out;
        for part in parts {
            let Some((here, behind)) = rest.split_at_mut_checked(part.len()) else {
                return;
            };
            here.copy_from_slice(part);
            rest = behind;
        }
    }

    fn read(envelope: &[u8]) -> Option<Self> {
        let (_, rest) = envelope.split_first_chunk::<1>()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (from, rest) = rest.split_first_chunk()?;
        let (to, rest) = rest.split_first_chunk()?;
        let (session, rest) = rest.split_first_chunk()?;
        let (counter, rest) = rest.split_first_chunk()?;
        let (not_after, _) = rest.split_first_chunk()?;
        Some(Self {
            key: *key,
            from: Incarnation::from_bits(u64::from_le_bytes(*from)),
            to: Incarnation::from_bits(u64::from_le_bytes(*to)),
            serial: Serial {
                session: u32::from_le_bytes(*session),
                counter: u64::from_le_bytes(*counter),
            },
            not_after: RedisMillis(u64::from_le_bytes(*not_after)),
        })
    }
}

#[cfg(test)]
mod tests;
