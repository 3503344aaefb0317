//! The names of things: users, chats, origins, nodes, and the counters that fence stale words.
//!
//! **Architecture Invariants.** Ids are plain bits without a meaning of their own; whoever makes them (the
//! `Identity` port) vouches that they are unique. An [`Origin`] has no `Display` and its `Debug` is redacted, so
//! that it cannot end up in a log or a frame by accident; operators get its text by asking for it by name.

use crate::time::Moment;
use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A text is not the id it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

/// The name of one seat, and so of one user for as long as they stay.
///
/// 128 bits of a keyed hash over the client's address and a nonce; its text form is 22 URL-safe characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(u128);

impl UserId {
    /// The id with these bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits of the id.
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        for (i, place) in text.iter_mut().enumerate() {
            // The last character holds the two bits that are left.
            let shifted = if i < 21 {
                self.0 >> (122 - 6 * i)
            } else {
                self.0 << 4
            };
            *place = ALPHABET[(shifted & 63) as usize];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserId({self})")
    }
}

impl FromStr for UserId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() != 22 {
            return Err(InvalidId);
        }
        let mut bits = 0_u128;
        for (i, byte) in text.bytes().enumerate() {
            let value = ALPHABET
                .iter()
                .position(|&letter| letter == byte)
                .ok_or(InvalidId)? as u128;
            bits = if i < 21 {
                (bits << 6) | value
            } else if value.is_multiple_of(16) {
                (bits << 2) | (value >> 4)
            } else {
                return Err(InvalidId);
            };
        }
        Ok(Self(bits))
    }
}

/// The name of one chat, unique for ever: 96 random bits as 16 URL-safe characters.
///
/// It is kept as the text that clients see, because comparing and writing it is all that is ever done with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatId([u8; 16]);

impl ChatId {
    /// The id made of 96 random bits; the upper 32 bits of `bits` are ignored.
    pub fn from_bits(bits: u128) -> Self {
        let mut text = [0; 16];
        for (i, place) in text.iter_mut().enumerate() {
            *place = ALPHABET[((bits >> (6 * i)) & 63) as usize];
        }
        Self(text)
    }

    /// The id as clients see it.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether a client means this chat by `text`.
    pub fn is(&self, text: &str) -> bool {
        text.as_bytes() == self.0
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChatId({self})")
    }
}

impl FromStr for ChatId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let text: [u8; 16] = text.as_bytes().try_into().map_err(|_| InvalidId)?;
        if text.iter().any(|letter| !ALPHABET.contains(letter)) {
            return Err(InvalidId);
        }
        Ok(Self(text))
    }
}

/// What limits and bans apply to: a keyed hash of an address or a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(u128);

impl Origin {
    /// The origin with these bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits of the hash, for the operator's side only.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The hash as operators read and write it: 32 hexadecimal digits. Never for users.
    pub fn to_operator_text(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Reads what [`Self::to_operator_text`] wrote.
    ///
    /// # Errors
    /// [`InvalidId`].
    pub fn from_operator_text(text: &str) -> Result<Self, InvalidId> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidId)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin([REDACTED])")
    }
}

/// A user's origin and the wider networks around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origins {
    /// The IPv4 address or the IPv6 /64.
    pub exact: Origin,
    /// The IPv6 /56 and /48 around it; an IPv4 address has none.
    pub wider: Option<WiderOrigins>,
    /// The same network as `exact`, hashed with a key that outlives a restart: what blocks are kept by.
    pub lasting: Origin,
}

/// The networks around an IPv6 origin, which have wider ceilings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WiderOrigins {
    /// The /56, with 4 times the limit.
    pub site: Origin,
    /// The /48, with 16 times the limit.
    pub network: Origin,
}

/// The name of a node, unique in its cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(Box<str>);

impl NodeId {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Takes `name` if it is 1 to 64 of `A-Z a-z 0-9 . _ -`.
    ///
    /// # Errors
    /// [`InvalidId`] otherwise.
    pub fn parse(name: &str) -> Result<Self, InvalidId> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > Self::MAX_BYTES || !name.bytes().all(fine) {
            return Err(InvalidId);
        }
        Ok(Self(name.into()))
    }

    /// The name of a node that has none.
    pub fn unnamed() -> Self {
        Self("unnamed".into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One life of a node: drawn at random at each start, so that what a node said before it was restarted is not taken
/// for what it says now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(u64);

impl Incarnation {
    /// The incarnation with these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({self})")
    }
}

/// How often a seat has changed: grows with each transition, so that words about an older state are known as stale.
///
/// Its upper bits are the [`Tenure`], the lower 24 count the moves within it. So whatever a former owner says is older than
/// all that the present one says, however much either has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    const MOVES: u32 = 24;

    /// The generation with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of the generation. Below 2^53 for up to 131,071 tenures, so that scripts may count with it.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// In whose hands the seat is.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a generation that scripts can count with has 29 bits of tenure"
    )]
    pub const fn tenure(self) -> Tenure {
        Tenure((self.0 >> Self::MOVES) as u32)
    }

    /// Whether nothing was said of the seat since its tenure began.
    pub const fn is_first(self) -> bool {
        self.0 & ((1 << Self::MOVES) - 1) == 0
    }

    /// The first generation of the next tenure, if that begins at `at`.
    #[must_use]
    pub const fn next_tenure(self, at: Moment) -> Self {
        Self::first_of(self.tenure().next(at))
    }

    /// The first generation of a tenure.
    pub const fn first_of(tenure: Tenure) -> Self {
        Self((tenure.0 as u64) << Self::MOVES)
    }
}

/// The time during which one node holds a seat.
///
/// Its upper bits count how often the seat went from one node to another. The lower 12 say when it did so last, in units of
/// 128 ms, modulo 524 s: while a store fails over there are two primaries for a moment, and if both give away the same seat, the
/// later of the two tenures is the newer; unless they begin within one unit, or one before and one after the time begins anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenure(u32);

impl Tenure {
    const TIME: u32 = 12;
    const UNIT_MS: u64 = 128;

    /// The tenure of the node to which a user came first.
    pub const FIRST: Self = Self(0);

    /// The tenure of these bits, as another node has written them.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// To be written for another node.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// How often the seat went from one node to another.
    pub const fn count(self) -> u32 {
        self.0 >> Self::TIME
    }

    /// The one that begins at `at`, after this one.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits alone are wanted")]
    pub const fn next(self, at: Moment) -> Self {
        let time = (at.as_millis() / Self::UNIT_MS) as u32 & ((1 << Self::TIME) - 1);
        Self(((self.count() + 1) << Self::TIME) | time)
    }

    /// The earliest one of its count.
    #[must_use]
    pub const fn earliest(self) -> Self {
        Self(self.count() << Self::TIME)
    }
}

/// The number of an event at one seat; the first is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Before the first event.
    pub const NONE: Self = Self(0);

    /// The event with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The event after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_read_back_from_its_text() {
        for bits in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0011_2233_4455_6677] {
            let id = UserId::from_bits(bits);
            assert_eq!(id.to_string().len(), 22);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn a_text_that_no_user_id_has_is_refused() {
        for text in [
            "",
            "A",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAA A",
            "AAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(text.parse::<UserId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn a_chat_id_has_sixteen_url_safe_characters() {
        let id = ChatId::from_bits(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        assert_eq!(id.as_str().len(), 16);
        assert!(id.as_str().bytes().all(|byte| ALPHABET.contains(&byte)));
        assert!(id.is(id.as_str()));
        assert!(!id.is("AAAAAAAAAAAAAAAA"));
        assert_ne!(id, ChatId::from_bits(1));
    }

    #[test]
    fn a_chat_id_is_read_back_from_its_text() {
        let id = ChatId::from_bits(u128::MAX / 7);
        assert_eq!(id.as_str().parse(), Ok(id));
        for text in ["", "AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAA"] {
            assert_eq!(text.parse::<ChatId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn an_origin_never_shows_its_bits() {
        assert_eq!(format!("{:?}", Origin::from_bits(42)), "Origin([REDACTED])");
    }

    #[test]
    fn an_operator_reads_an_origin_and_writes_it_back() {
        let origin = Origin::from_bits(0xabc);
        assert_eq!(Origin::from_operator_text(&origin.to_operator_text()), Ok(origin));
        for text in [
            "",
            "0.0.0.0/0",
            "+0000000000000000000000000000abc",
            &"0".repeat(33),
        ] {
            assert_eq!(Origin::from_operator_text(text), Err(InvalidId));
        }
    }

    #[test]
    fn a_new_tenure_is_newer_than_all_of_the_former_one() {
        let former = Generation::new(1).next_tenure(Moment::ORIGIN);
        let mut last = former;
        for _ in 0..1_000 {
            last = last.next();
        }
        assert_eq!(last.tenure(), former.tenure());
        let next = last.next_tenure(Moment::ORIGIN);
        assert!(next > last);
        assert_eq!((next.tenure().count(), next.is_first()), (2, true));
        assert!(!last.is_first());
    }

    #[test]
    fn of_two_that_follow_the_same_tenure_the_later_is_newer() {
        let former = Generation::new(7).next_tenure(Moment::from_millis(130_000));
        let [early, late] = [200_000, 200_200].map(|at| former.next_tenure(Moment::from_millis(at)));
        assert!(former < early && early < late);
        assert_eq!(early.tenure().count(), late.tenure().count());
        assert!(former.tenure() < early.tenure().earliest());
        assert!(early.tenure().earliest() <= early.tenure());
        // Whoever takes it from the earlier of the two is newer than both.
        assert!(early.next_tenure(Moment::ORIGIN) > late);
    }

    #[test]
    fn scripts_can_count_with_a_generation_of_the_last_tenure() {
        let last = Tenure::from_bits((131_071 << 12) | 4_095);
        assert_eq!(last.count(), 131_071);
        let generation = Generation::new(u64::from(last.bits()) << 24 | 0xff_ffff);
        assert_eq!(generation.tenure(), last);
        assert!(generation.get() < 1 << 53);
    }

    #[test]
    fn a_node_id_is_short_and_plain() {
        assert!(NodeId::parse("node-1.eu_west").is_ok());
        for name in ["", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert_eq!(NodeId::parse(name), Err(InvalidId));
        }
    }
}
