//! A node that keeps everything to itself.

use super::{EverythingPasses, Parts, VERSION, WiringError};
use crate::settings::CheckedSettings;
use passerby_admin::Metrics;
use passerby_application::ports::Ports;
use passerby_application::{Adapters, Chat, Deployment};
use passerby_identity::KeyedIdentity;
use passerby_memory::hub::Hub;
use passerby_memory::{MemoryBans, MemoryPairing, MemoryReports, NoPeers, OriginLimiter, SystemClock};
use passerby_websocket::{Connection, Gate};
use std::sync::Arc;

/// Its adapters.
#[derive(Debug)]
pub(crate) struct SingleNode;

impl Ports for SingleNode {
    type Pairing = MemoryPairing<SystemClock>;
    type Peers = NoPeers;
    type Wire = Connection;
    type Delivery = Hub<Connection, Arc<SystemClock>>;
    type Clock = Arc<SystemClock>;
    type Identity = KeyedIdentity;
    type Limiter = OriginLimiter<SystemClock>;
    type Screen = EverythingPasses;
    type Observer = Metrics;
}

/// Puts it together.
pub(crate) fn wire_single(settings: &CheckedSettings) -> Result<Parts<SingleNode>, WiringError> {
    let clock = Arc::new(SystemClock::start());
    let identity = match &settings.identity.secret {
        Some(secret) => KeyedIdentity::new(secret.expose().as_bytes()),
        None => KeyedIdentity::with_random_secret(),
    };
    let identity = identity.map_err(WiringError::Randomness)?;
    let node = super::name(settings, &identity);
    let metrics = Metrics::new(&node, VERSION);
    let adapters = Adapters {
        pairing: MemoryPairing::new(super::pairing_rules(&settings.matching), clock.clone()),
        peers: NoPeers,
        delivery: Hub::new(
            super::outbox_limits(settings),
            super::encoder(settings),
            clock.clone(),
        ),
        limiter: OriginLimiter::new(super::origin_limits(settings), clock.clone()),
        clock,
        identity,
        screen: EverythingPasses,
        observer: metrics.clone(),
        reports: Arc::new(MemoryReports::new()),
        bans: Arc::new(MemoryBans::new()),
    };
    Ok(Parts {
        chat: Arc::new(Chat::new(
            super::options(settings, node, Deployment::Alone),
            adapters,
        )),
        gate: Arc::new(Gate::default()),
        metrics,
        front: super::front(settings)?,
    })
}

#[cfg(test)]
mod tests {
    use super::SingleNode;
    use passerby_application::Seat;
    use passerby_websocket::{Connection, connection_task_bytes};

    /// What every user costs who says nothing, beside the kernel's share. Whoever has to raise a figure here pays it times
    /// the number of users: see docs/performance.md.
    #[test]
    fn a_connection_and_its_seat_stay_small() {
        let sizes = [
            ("task", connection_task_bytes::<SingleNode>(), 128),
            ("connection", size_of::<Connection>(), 80),
            ("seat", size_of::<Seat<SingleNode>>(), 368),
        ];
        for (what, bytes, most) in sizes {
            assert!(bytes <= most, "a {what} takes {bytes} bytes, more than {most}");
        }
    }
}
