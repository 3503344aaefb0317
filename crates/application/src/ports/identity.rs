//! Ids, keyed hashes and tokens.

use passerby_domain::id::{ChatId, Origins, UserId};
use std::fmt;
use std::net::IpAddr;

/// Which of the tokens ever given for a seat a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenSerial(pub u32);

/// A token to take a seat back with. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ResumeToken(pub String);

impl fmt::Debug for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeToken([REDACTED])")
    }
}

/// What is remembered of the id that a user gave a message: a keyed hash, the same on all nodes of a cluster, so that
/// nobody can make two ids that collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdHash(pub u64);

/// Makes every id and token, and hashes addresses.
///
/// All methods are called from many threads and never wait.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait Identity: Send + Sync + 'static {
    /// A new user at `address`: a keyed hash of it and of a nonce, never given twice.
    fn user_id(&self, address: IpAddr) -> UserId;

    /// A new chat, never given twice, not to be guessed.
    fn chat_id(&self) -> ChatId;

    /// What limits, bans and blocks know an address by.
    fn origins(&self, address: IpAddr) -> Origins;

    /// What to remember of the id of a message.
    fn digest(&self, id: &str) -> IdHash;

    /// The token number `serial` of a seat: opaque, URL-safe, at most 128 bytes, unforgeable.
    fn token(&self, seat: UserId, serial: TokenSerial) -> ResumeToken;

    /// What a token is for; `None` if it was not made with this key. Takes the same time whichever byte is wrong.
    fn read_token(&self, token: &str) -> Option<(UserId, TokenSerial)>;
}
