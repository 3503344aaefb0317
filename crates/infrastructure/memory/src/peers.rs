//! The other nodes of a node that is alone: there are none.

use passerby_application::ports::{HandoverAnswer, HandoverRequest, Hearing, Letter, Peers, Unsent};
use passerby_domain::id::Incarnation;

/// No other nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPeers;

impl Peers for NoPeers {
    fn own(&self) -> Incarnation {
        Incarnation::from_bits(0)
    }

    fn send(&self, _to: Incarnation, _letter: &Letter<'_>) -> Result<(), Unsent> {
        Err(Unsent::Gone)
    }

    async fn ask_for(
        &self,
        _former: Incarnation,
        _request: HandoverRequest,
        _hearing: &dyn Hearing,
    ) -> Option<HandoverAnswer> {
        None
    }
}
