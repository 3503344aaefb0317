//! Offences as they are stored.
//!
//! **Architecture Invariant:** a number once given keeps its meaning, since what was stored outlives the program that
//! stored it.

use passerby_application::ports::Offence;

/// The number of an offence.
pub(crate) fn number(offence: Offence) -> u8 {
    match offence {
        Offence::Spam => 1,
        Offence::Harassment => 2,
        Offence::Underage => 3,
        Offence::Nudity => 4,
        Offence::Illegal => 5,
        Offence::Other => 6,
    }
}

/// The offence with this number.
pub(crate) fn from_number(number: u8) -> Option<Offence> {
    match number {
        1 => Some(Offence::Spam),
        2 => Some(Offence::Harassment),
        3 => Some(Offence::Underage),
        4 => Some(Offence::Nudity),
        5 => Some(Offence::Illegal),
        6 => Some(Offence::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offence_is_read_back_from_its_number() {
        for offence in (0..=u8::MAX).filter_map(from_number) {
            assert_eq!(from_number(number(offence)), Some(offence));
        }
        assert_eq!((0..=u8::MAX).filter_map(from_number).count(), 6);
    }
}
