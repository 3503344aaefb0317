//! The listener: takes connections, few at a time, and gives each one request and little time.
//!
//! **Architecture Invariants.** No more than [`MAX_CONNECTIONS`] at once; each ends within a fixed time whatever its
//! peer does. Every task that is spawned is waited for.

mod connection;

use crate::api::Api;
use crate::state::AdminState;
use passerby_application::ports::Ports;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many connections there may be. More wait to be accepted.
const MAX_CONNECTIONS: usize = 64;

/// How long to wait when the system has no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves operators until `shutdown`, then lets what is under way come to its end, which takes seconds at most
/// unless the store is slower.
///
/// Dropping the future leaves connections to themselves; each ends within its time.
pub async fn serve<P: Ports>(listener: TcpListener, state: AdminState<P>, shutdown: CancellationToken) {
    let tasks = TaskTracker::new();
    let api = Arc::new(Api::new(state, tasks.clone()));
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await.ok()?;
            Some((permit, accept(&listener).await))
        };
        let (permit, stream) = tokio::select! {
            () = shutdown.cancelled() => break,
            next = next => match next {
                Some(next) => next,
                None => break,
            },
        };
        let (api, shutdown) = (api.clone(), shutdown.clone());
        tasks.spawn(async move {
            connection::serve(stream, api, shutdown).await;
            drop(permit);
        });
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "no connection of an operator can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
