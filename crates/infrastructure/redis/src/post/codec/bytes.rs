//! Bytes as letters are made of them.
//!
//! **Architecture Invariants.** A reader never looks behind its end, and nothing that it is told makes it reserve more
//! memory than a small multiple of what there is to read. What it hands out is borrowed from what it reads.

use crate::time::{RedisMillis, TimeOffset};
use passerby_domain::flood::TokenBucket;
use passerby_domain::time::Moment;

/// Bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not in the form of a letter")]
pub(crate) struct Malformed;

/// Appends to a buffer.
pub(crate) struct Writer<'a> {
    buffer: &'a mut Vec<u8>,
    offset: TimeOffset,
}

impl<'a> Writer<'a> {
    /// Appends to `buffer`, and tells moments by the time of Redis, which is ahead by `offset`.
    pub(crate) fn new(buffer: &'a mut Vec<u8>, offset: TimeOffset) -> Self {
        Self { buffer, offset }
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.buffer.push(byte);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// A number that is usually small: seven bits a byte, the lowest first.
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.byte(number.to_le_bytes()[0]);
    }

    /// A number all of whose bits are used.
    pub(crate) fn wide(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    /// An id.
    pub(crate) fn id(&mut self, id: u128) {
        self.raw(&id.to_le_bytes());
    }

    /// How many of something follow.
    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn moment(&mut self, moment: Moment) {
        self.number(self.offset.to_redis(moment).0);
    }

    pub(crate) fn bucket(&mut self, bucket: TokenBucket) {
        self.number(self.offset.bucket_to_redis(bucket));
    }
}

/// Reads from a buffer.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: TimeOffset,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, whose moments are told by the time of Redis, which is ahead by `offset`.
    pub(crate) fn new(bytes: &'a [u8], offset: TimeOffset) -> Self {
        Self { rest: bytes, offset }
    }

    /// The next `count` bytes.
    pub(crate) fn raw(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn wide(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn id(&mut self) -> Result<u128, Malformed> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    /// How many of something follow, each of at least `least` bytes: no more than there is room for.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        if count > self.rest.len() / least.max(1) {
            return Err(Malformed);
        }
        Ok(count)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let count = self.count(1)?;
        self.raw(count)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    pub(crate) fn moment(&mut self) -> Result<Moment, Malformed> {
        Ok(self.offset.to_moment(RedisMillis(self.number()?)))
    }

    pub(crate) fn bucket(&mut self) -> Result<TokenBucket, Malformed> {
        Ok(self.offset.bucket_from_redis(self.number()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFSET: TimeOffset = TimeOffset::new(0);

    proptest! {
        #[test]
        fn a_number_is_read_back_and_takes_no_more_than_ten_bytes(number in prop_oneof![any::<u64>(), 0..300_u64]) {
            let mut buffer = Vec::new();
            Writer::new(&mut buffer, OFFSET).number(number);
            prop_assert!(buffer.len() <= 10);
            let mut reader = Reader::new(&buffer, OFFSET);
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.byte(), Err(Malformed));
        }
    }

    #[test]
    fn a_number_that_never_ends_or_is_too_large_is_refused() {
        assert_eq!(Reader::new(&[0xff; 12], OFFSET).number(), Err(Malformed));
        let mut most = [0xff; 10];
        most[9] = 0x01;
        assert_eq!(Reader::new(&most, OFFSET).number(), Ok(u64::MAX));
        most[9] = 0x02;
        assert_eq!(Reader::new(&most, OFFSET).number(), Err(Malformed));
    }

    #[test]
    fn more_than_can_be_there_is_not_believed() {
        let mut buffer = Vec::new();
        Writer::new(&mut buffer, OFFSET).count(1_000_000);
        buffer.extend_from_slice(&[0; 100]);
        assert_eq!(Reader::new(&buffer, OFFSET).count(1), Err(Malformed));
        assert_eq!(Reader::new(&buffer, OFFSET).bytes(), Err(Malformed));
    }
}
