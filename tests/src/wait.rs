//! Waiting for what must come true, and saying what was there instead if it does not.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until `tried` succeeds; tells what it came to.
pub async fn succeeds<T, E: Debug>(
    what: &str,
    within: Duration,
    mut tried: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + within;
    loop {
        match tried().await {
            Ok(done) => return done,
            Err(why) => assert!(
                Instant::now() < deadline,
                "waited {within:?} until {what}: {why:?}"
            ),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until `holds` says yes.
pub async fn until(what: &str, within: Duration, mut holds: impl AsyncFnMut() -> bool) {
    succeeds(
        what,
        within,
        async || {
            if holds().await { Ok(()) } else { Err("no") }
        },
    )
    .await;
}
