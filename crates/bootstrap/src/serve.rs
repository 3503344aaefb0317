//! The process around a node: its runtime, its signals, its descriptors, and the file that says where it listens.
//!
//! The first signal is *please*: everybody is sent away. The second is *now*: the process ends as it is.

use crate::node::{Addresses, Node, StartError};
use crate::resources;
use crate::settings::CheckedSettings;
use crate::telemetry;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why nothing was served.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    /// The runtime could not be made.
    #[error("the runtime could not be made")]
    Runtime(#[source] io::Error),
    /// The node could not be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The ready file could not be written.
    #[error("cannot write the ready file {}", path.display())]
    ReadyFile { path: PathBuf, source: io::Error },
    /// Signals could not be listened for.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}

/// Serves until the process is told to end: the exit code is 0 then, and 1 if the node did not start.
pub(crate) fn serve(settings: &CheckedSettings, ready_file: Option<&Path>) -> ExitCode {
    match try_serve(settings, ready_file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "the node did not start");
            ExitCode::FAILURE
        }
    }
}

fn try_serve(settings: &CheckedSettings, ready_file: Option<&Path>) -> Result<(), ServeError> {
    resources::prepare(settings);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = settings.runtime.worker_threads {
        builder.worker_threads(threads.get() as usize);
    }
    let runtime = builder
        .enable_all()
        .thread_name("passerby")
        .build()
        .map_err(ServeError::Runtime)?;
    let served = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(ServeError::Signals)?;
        let node = Node::open(settings)?;
        if let Some(path) = ready_file {
            write_ready_file(path, node.addresses()).map_err(|source| ServeError::ReadyFile {
                path: path.to_owned(),
                source,
            })?;
        }
        // The same signal twice: first please, then now.
        let (first, asked) = tokio::sync::oneshot::channel();
        let second = async move {
            signals.next().await;
            // The node may have stopped listening for it already, and for good.
            let _ = first.send(());
            signals.next().await;
        };
        tokio::select! {
            () = node.run(async { drop(asked.await) }) => {}
            () = second => tracing::warn!("told again to stop: ending at once"),
        }
        Ok(())
    });
    // Whatever has not ended by now is not waited for.
    runtime.shutdown_background();
    served
}

/// Written under another name first, so that whoever waits for the file finds all of it.
fn write_ready_file(path: &Path, addresses: Addresses) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let text = format!(
        "{{\"http\":\"{}\",\"admin\":\"{}\"}}\n",
        addresses.http, addresses.admin
    );
    std::fs::write(&partial, text)?;
    std::fs::rename(&partial, path)
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
