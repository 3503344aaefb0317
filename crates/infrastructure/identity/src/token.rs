//! Resume tokens: what a token says, and the proof that it was made here.
//!
//! A token is base64url without padding over one byte of version, 16 of the seat, 4 of the serial and 32 of
//! a keyed hash over all of them: 71 characters.
//!
//! **Architecture Invariants.** No token is kept anywhere. Reading compares the whole proof in constant time
//! and has one answer for all that is wrong.

use crate::keys::{Keys, Purpose};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passerby_application::ports::TokenSerial;
use passerby_domain::id::UserId;

const VERSION: u8 = 1;
const CLAIM_BYTES: usize = 1 + 16 + 4;
const TOKEN_BYTES: usize = CLAIM_BYTES + blake3::OUT_LEN;
const TOKEN_CHARS: usize = (TOKEN_BYTES * 4).div_ceil(3);

/// The token for `seat` with this serial.
pub(crate) fn write(keys: &Keys, seat: UserId, serial: TokenSerial) -> String {
    let mut bytes = [VERSION; TOKEN_BYTES];
    bytes[1..17].copy_from_slice(&seat.bits().to_be_bytes());
    bytes[17..CLAIM_BYTES].copy_from_slice(&serial.0.to_be_bytes());
    let proof = keys.hash(Purpose::Token, &bytes[..CLAIM_BYTES]);
    bytes[CLAIM_BYTES..].copy_from_slice(proof.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What `token` is for, if it was made with these keys.
pub(crate) fn read(keys: &Keys, token: &str) -> Option<(UserId, TokenSerial)> {
    if token.len() != TOKEN_CHARS {
        return None;
    }
    // The decoder wants room for whole groups of four characters.
    let mut bytes = [0; TOKEN_CHARS.div_ceil(4) * 3];
    let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
    let (claim, proof) = bytes.get(..length)?.split_at_checked(CLAIM_BYTES)?;
    // Comparing two hashes takes constant time.
    let proof = blake3::Hash::from_slice(proof).ok()?;
    if keys.hash(Purpose::Token, claim) != proof || claim.first() != Some(&VERSION) {
        return None;
    }
    let seat = UserId::from_bits(u128::from_be_bytes(claim.get(1..17)?.try_into().ok()?));
    let serial = TokenSerial(u32::from_be_bytes(claim.get(17..)?.try_into().ok()?));
    Some((seat, serial))
}
