//! The suite of the port `PairingStore`.

pub mod counting;
pub mod crowds;
pub mod fitting;
pub mod keeping_apart;
pub mod many_nodes;
pub mod offers;
pub mod order;
pub mod patience;
mod scene;
pub mod staleness;

use crate::setup::Timed;
use passerby_application::ports::{PairingRules, PairingStore};
use std::future::Future;

/// Makes a store ready for one case.
pub trait PairingSetup: Timed<Port: PairingStore> {
    /// A store with nobody in it.
    fn open(rules: PairingRules) -> impl Future<Output = Self> + Send;
}
