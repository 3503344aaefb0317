//! A TCP proxy that can be a bad network: between a node and Redis, or between a client and a node.
//!
//! Its address stays the same whatever happens behind it; [`Proxy::aim`] changes what is behind it. What the proxy does
//! is changed while connections are open, for all of them or for one.
//!
//! **Architecture Invariants:** chance comes from the seed alone. Nothing that was read is lost unless the mode says
//! so: what a black hole swallowed late is delivered when it ends, as a network delivers what was sent again.

mod link;
mod mode;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::ports::Port;
pub use mode::{Mode, Way};

/// A listening proxy. Dropping it ends all its connections.
#[derive(Debug)]
pub struct Proxy {
    port: Port,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    mode: watch::Sender<Mode>,
    listening: watch::Sender<bool>,
    links: Mutex<HashMap<u64, Handle>>,
    accepted: AtomicU64,
    seed: u64,
}

/// One connection through the proxy, seen from outside.
#[derive(Debug)]
struct Handle {
    /// The port from which the target sees it, once it is connected.
    port: Option<u16>,
    mode: watch::Sender<Mode>,
    task: Option<AbortHandle>,
}

impl Shared {
    fn links(&self) -> MutexGuard<'_, HashMap<u64, Handle>> {
        self.links.lock().expect("nobody panics with the links")
    }

    fn target(&self) -> SocketAddr {
        *self.target.lock().expect("nobody panics with the target")
    }
}

impl Proxy {
    /// Listens on a port of its own and passes everything on to the target; jitter comes from the seed.
    pub async fn to(target: SocketAddr, seed: u64) -> Self {
        let port = Port::claim();
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            mode: watch::Sender::new(Mode::Pass),
            listening: watch::Sender::new(false),
            links: Mutex::default(),
            accepted: AtomicU64::new(0),
            seed,
        });
        let accepting = tokio::spawn(accept(port.address(), Arc::clone(&shared)));
        let proxy = Self {
            port,
            shared,
            accepting,
        };
        proxy.is_listening(true).await;
        proxy
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Connects new connections to this target. Open ones stay where they are.
    pub fn aim(&self, target: SocketAddr) {
        *self.shared.target.lock().expect("nobody panics with the target") = target;
    }

    /// Changes what happens to open and to new connections. Returns once new ones meet it.
    pub async fn set(&self, mode: Mode) {
        let refuses = mode == Mode::Refuse;
        self.shared.mode.send_replace(mode.clone());
        for link in self.shared.links().values() {
            link.mode.send_replace(mode.clone());
        }
        self.is_listening(!refuses).await;
    }

    /// Resets all open connections and goes on as before.
    pub fn reset_links(&self) {
        for link in self.shared.links().values() {
            link.mode.send_replace(Mode::Reset);
        }
    }

    /// Changes what happens to the one connection that the target sees coming from this port; tells whether it is here.
    pub fn set_link(&self, port: u16, mode: &Mode) -> bool {
        let links = self.shared.links();
        let found = links.values().find(|link| link.port == Some(port));
        found.is_some_and(|link| {
            link.mode.send_replace(mode.clone());
            true
        })
    }

    /// The ports from which the target sees the open connections.
    pub fn links(&self) -> Vec<u16> {
        self.shared
            .links()
            .values()
            .filter_map(|link| link.port)
            .collect()
    }

    /// How many connections were ever accepted.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    async fn is_listening(&self, wanted: bool) {
        let mut listening = self.shared.listening.subscribe();
        listening
            .wait_for(|is| *is == wanted)
            .await
            .expect("the proxy is there");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        for link in self.shared.links().values() {
            if let Some(task) = &link.task {
                task.abort();
            }
        }
    }
}

async fn accept(address: SocketAddr, shared: Arc<Shared>) {
    let mut mode = shared.mode.subscribe();
    loop {
        if mode.wait_for(|mode| *mode != Mode::Refuse).await.is_err() {
            return;
        }
        let listener = TcpListener::bind(address)
            .await
            .expect("the port is claimed for this proxy");
        shared.listening.send_replace(true);
        loop {
            tokio::select! {
                changed = mode.changed() => {
                    if changed.is_err() || *mode.borrow_and_update() == Mode::Refuse {
                        break;
                    }
                }
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        begin(stream, &shared);
                    }
                }
            }
        }
        drop(listener);
        shared.listening.send_replace(false);
    }
}

fn begin(stream: TcpStream, shared: &Arc<Shared>) {
    let number = shared.accepted.fetch_add(1, Ordering::Relaxed);
    // Under the lock, so that a change of mode meets either the new link or the mode it begins with.
    let mut links = shared.links();
    let mode = watch::Sender::new(shared.mode.borrow().clone());
    let task = tokio::spawn(link::serve(number, stream, Arc::clone(shared), mode.subscribe()));
    links.insert(
        number,
        Handle {
            port: None,
            mode,
            task: Some(task.abort_handle()),
        },
    );
}

#[cfg(test)]
mod tests;
