//! What a store promises that several nodes share.

pub mod beating;
pub mod proposing;
pub mod reaping;
pub mod settling;
mod stage;
pub mod taking;
pub mod verifying;

use super::PairingSetup;
use passerby_domain::id::Incarnation;

/// Makes a store ready for one case that three nodes share.
pub trait SharedPairingSetup: PairingSetup {
    /// The stores of the three, none of which has spoken yet. The first is also the one that [`port`](crate::Setup::port)
    /// gives.
    fn nodes(&self) -> [&Self::Port; 3];

    /// Who they are.
    fn incarnations(&self) -> [Incarnation; 3];

    /// How long what a dead node left may be taken over, from the end of its lease.
    fn kept(&self) -> passerby_domain::time::Millis;
}
