//! Running futures without a runtime.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Runs a future to its end. For futures that never have to wait, such as those of the fakes.
///
/// # Panics
/// If the future waits: nobody would ever wake it.
#[expect(clippy::panic, reason = "a test that waits for nothing must fail, not hang")]
pub fn run<T>(future: impl Future<Output = T>) -> T {
    match step(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits, and nobody would wake it"),
    }
}

/// Polls a future once: it goes on until it is done or has to wait. For tests that let something happen meanwhile.
pub fn step<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
