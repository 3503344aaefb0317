//! Signals to the processes that a test has started.

use std::process::Child;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Sends a signal to the process, which may act upon it later.
pub fn send(child: &Child, signal: Signal) {
    kill_process(pid(child), signal).expect("the process takes signals");
}

/// Stops the process from running, its connections open. When this returns, all its threads stand still: a signal
/// alone leaves them the time to serve what comes right after it.
pub fn freeze(child: &Child) {
    send(child, Signal::STOP);
    // Left to be waited for, so that whoever waits for its end finds everything as it was.
    let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(pid(child)), options).expect("a child can be waited for");
    let stopped = status.is_some_and(|status| status.stopped());
    assert!(stopped, "the process ended and could not be frozen");
}

/// Lets a frozen process run on.
pub fn thaw(child: &Child) {
    send(child, Signal::CONT);
}

/// The number of the process, as the system's calls take it.
pub fn pid(child: &Child) -> Pid {
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process has an id")
}
