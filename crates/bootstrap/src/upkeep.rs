//! What keeps a node: its heartbeat, and whatever runs beside it.

pub(crate) mod company;

use crate::lifecycle::Clockwork;
use crate::wiring::Parts;
use passerby_application::ports::Ports;
use passerby_websocket::Readiness;
use std::future::Future;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What keeps a node with these adapters.
pub(crate) trait Upkeep<P: Ports> {
    /// Whether somebody may come as soon as the node listens.
    const AT_FIRST: Readiness;

    /// Begins. What is returned is what has to be done once everybody was sent away.
    fn begin(
        self,
        node: &Parts<P>,
        tasks: &TaskTracker,
        end: &CancellationToken,
    ) -> impl Future<Output = ()> + Send;
}

/// Of a node that has its store to itself.
pub(crate) struct Alone;

impl<P: Ports> Upkeep<P> for Alone {
    const AT_FIRST: Readiness = Readiness::Ready;

    fn begin(
        self,
        node: &Parts<P>,
        tasks: &TaskTracker,
        end: &CancellationToken,
    ) -> impl Future<Output = ()> + Send {
        let clockwork = Clockwork::new(node.chat.clone());
        tasks.spawn(end.clone().run_until_cancelled_owned(clockwork.beat()));
        std::future::ready(())
    }
}
