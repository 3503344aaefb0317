//! Who has written to this node, and what came last from each.
//!
//! **Architecture Invariants.** Their number is bounded: whoever has not written for the longest time is forgotten first,
//! which nobody notices, since what could come twice from them is too late by then. What does not open changes nothing.

use super::envelope::{Header, LinkKeys, Opening, Serial, Unfit};
use passerby_domain::id::Incarnation;
use passerby_domain::time::Moment;
use std::collections::HashMap;

/// The most that are remembered.
const CAPACITY: usize = 4_096;

/// All who have written.
#[derive(Default)]
pub(super) struct Correspondents(HashMap<Incarnation, Correspondent>);

struct Correspondent {
    opening: Opening,
    last: Serial,
    heard: Moment,
}

/// How a batch relates to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Nothing is missing.
    InOrder,
    /// Batches are missing before it.
    AfterGap,
    /// It came before, or others that were sent later did.
    Repeated,
}

impl Correspondents {
    /// The batch in an envelope, and how it relates to those before.
    pub(super) fn open<'a>(
        &mut self,
        keys: &LinkKeys,
        header: &Header,
        envelope: &'a mut [u8],
        now: Moment,
    ) -> Result<(&'a [u8], Arrival), Unfit> {
        if let Some(known) = self.0.get_mut(&header.from)
            && known.opening.fits(header)
        {
            let batch = known.opening.open(header, envelope)?;
            known.heard = now;
            if header.serial <= known.last {
                return Ok((batch, Arrival::Repeated));
            }
            let arrival = arrival(header.serial, Some(known.last));
            known.last = header.serial;
            return Ok((batch, arrival));
        }
        let opening = keys.opening(header)?;
        let batch = opening.open(header, envelope)?;
        if self.0.len() >= CAPACITY {
            self.forget_one();
        }
        let correspondent = Correspondent {
            opening,
            last: header.serial,
            heard: now,
        };
        self.0.insert(header.from, correspondent);
        Ok((batch, arrival(header.serial, None)))
    }

    fn forget_one(&mut self) {
        let longest = self.0.iter().min_by_key(|(_, correspondent)| correspondent.heard);
        if let Some(silent) = longest.map(|(from, _)| *from) {
            self.0.remove(&silent);
        }
    }
}

fn arrival(serial: Serial, last: Option<Serial>) -> Arrival {
    if serial.follows(last) {
        Arrival::InOrder
    } else {
        Arrival::AfterGap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::envelope::HEADER_BYTES;
    use crate::seal::Secrets;
    use crate::time::RedisMillis;

    const HERE: Incarnation = Incarnation::from_bits(1);
    const THERE: Incarnation = Incarnation::from_bits(2);

    fn keys(own: Incarnation) -> LinkKeys {
        let secrets = Secrets {
            current: b"secret",
            previous: &[],
        };
        LinkKeys::new(own, secrets)
    }

    struct Reader {
        keys: LinkKeys,
        correspondents: Correspondents,
    }

    impl Reader {
        fn new() -> Self {
            Self {
                keys: keys(HERE),
                correspondents: Correspondents::default(),
            }
        }

        fn read(&mut self, envelope: &[u8]) -> Result<Arrival, Unfit> {
            let mut envelope = envelope.to_vec();
            let header = self.keys.look(&envelope)?;
            let opened = self
                .correspondents
                .open(&self.keys, &header, &mut envelope, Moment::ORIGIN);
            opened.map(|(batch, arrival)| {
                assert_eq!(batch, b"hello");
                arrival
            })
        }
    }

    fn envelopes(session: u32, count: usize) -> Vec<Vec<u8>> {
        let mut sealing = keys(THERE).sealing(HERE, session);
        let mut seal = || {
            let mut envelope = vec![0; HEADER_BYTES];
            envelope.extend_from_slice(b"hello");
            sealing.seal(&mut envelope, RedisMillis(0));
            envelope
        };
        (0..count).map(|_| seal()).collect()
    }

    #[test]
    fn a_batch_that_comes_twice_or_behind_a_later_one_is_known() {
        let mut reader = Reader::new();
        let sent = envelopes(1, 3);
        assert_eq!(reader.read(&sent[0]), Ok(Arrival::InOrder));
        assert_eq!(reader.read(&sent[0]), Ok(Arrival::Repeated));
        assert_eq!(reader.read(&sent[2]), Ok(Arrival::AfterGap));
        assert_eq!(reader.read(&sent[1]), Ok(Arrival::Repeated));
    }

    #[test]
    fn whoever_is_heard_for_the_first_time_begins_at_the_beginning() {
        assert_eq!(Reader::new().read(&envelopes(1, 2)[1]), Ok(Arrival::AfterGap));
    }

    #[test]
    fn a_later_session_counts_anew_and_an_earlier_one_is_over() {
        let mut reader = Reader::new();
        let (first, second) = (envelopes(1, 2), envelopes(2, 2));
        assert_eq!(reader.read(&first[0]), Ok(Arrival::InOrder));
        assert_eq!(reader.read(&second[0]), Ok(Arrival::InOrder));
        assert_eq!(reader.read(&first[1]), Ok(Arrival::Repeated));
        assert_eq!(reader.read(&second[1]), Ok(Arrival::InOrder));
    }

    #[test]
    fn what_does_not_open_is_not_counted() {
        let mut reader = Reader::new();
        let sent = envelopes(1, 3);
        let mut forged = sent[2].clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(reader.read(&forged), Err(Unfit::Forged));
        assert_eq!(reader.read(&sent[0]), Ok(Arrival::InOrder));
        assert_eq!(reader.read(&forged), Err(Unfit::Forged));
        assert_eq!(reader.read(&sent[1]), Ok(Arrival::InOrder));
    }

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let mut reader = Reader::new();
        for other in 0..=CAPACITY as u64 {
            let other = keys(Incarnation::from_bits(100 + other));
            let mut envelope = vec![0; HEADER_BYTES];
            envelope.extend_from_slice(b"hello");
            other.sealing(HERE, 1).seal(&mut envelope, RedisMillis(0));
            assert_eq!(reader.read(&envelope), Ok(Arrival::InOrder));
        }
        assert_eq!(reader.correspondents.0.len(), CAPACITY);
    }
}
