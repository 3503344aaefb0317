//! What a node does by itself: its clockwork, and how it sends everybody away.

use crate::settings::SessionSettings;
use passerby_application::ports::{Clock, Ports};
use passerby_application::{Chat, Heirs};
use passerby_domain::time::Millis;
use passerby_websocket::Gate;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout_at};

/// How often a node tells that it lives.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often a drain looks whether everybody is gone.
const DRAIN_LOOK: Duration = Duration::from_millis(50);
/// How long seats whose users are gone are held for other nodes to fetch: nearly all are back by then. Those of the rest are left
/// with the store until their graces are over, and the process need not wait for them.
const FETCHED: Duration = Duration::from_secs(5);
/// The shortest and the longest time after which a client is asked to reconnect: the node before it goes away, others
/// after it; all at once would be a storm.
const RECONNECT_AFTER: std::ops::Range<u64> = 100..1_000;

/// The clockwork of a node.
pub(crate) struct Clockwork<P: Ports> {
    chat: Arc<Chat<P>>,
}

impl<P: Ports> Clone for Clockwork<P> {
    fn clone(&self) -> Self {
        Self {
            chat: self.chat.clone(),
        }
    }
}

impl<P: Ports> Clockwork<P> {
    pub(crate) fn new(chat: Arc<Chat<P>>) -> Self {
        Self { chat }
    }

    /// Tells the store each second that this node lives.
    pub(crate) async fn beat(self) {
        let mut ticks = interval(HEARTBEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.chat.heartbeat().await {
                tracing::warn!(error = crate::telemetry::chain(&error), "the heartbeat failed");
            }
        }
    }

    /// Acts on each deadline when it has come.
    pub(crate) async fn reap(self) {
        loop {
            let next = self.chat.next_deadline();
            match next {
                Some(deadline) => {
                    let left = deadline.since(self.chat.adapters().clock.now());
                    tokio::select! {
                        () = sleep(left.into()) => self.chat.reap().await,
                        () = self.chat.deadline_before(next) => {}
                    }
                }
                None => self.chat.deadline_before(None).await,
            }
        }
    }
}

/// Sends everybody away: says so, hangs up one by one over the time that is set for it, and waits until no connection
/// is left and no held seat that nobody else could go on with, or the time for that is over.
pub(crate) async fn drain<P: Ports>(chat: &Chat<P>, gate: &Gate, settings: &SessionSettings) {
    let started = Instant::now();
    let end = started + settings.drain_timeout;
    let mut step = 0;
    let seats = chat.announce_drain(|| {
        step = (step + 97) % (RECONNECT_AFTER.end - RECONNECT_AFTER.start);
        Millis::new(RECONNECT_AFTER.start + step)
    });
    let spread = settings.drain_spread.min(settings.drain_timeout);
    let count = u32::try_from(seats.len()).unwrap_or(u32::MAX).max(1);
    for (index, seat) in (1..).zip(&seats) {
        sleep_until(started + spread.mul_f64(f64::from(index) / f64::from(count))).await;
        chat.send_away(seat);
    }
    let emptied = timeout_at(end, async {
        let mut left_by_all = None;
        while gate.connections() > 0 || chat.own_census().online > 0 {
            if gate.connections() > 0 {
                left_by_all = None;
            } else {
                let left_at = *left_by_all.get_or_insert_with(Instant::now);
                match chat.heirs() {
                    Heirs::ToCome => return,
                    Heirs::Present if left_at.elapsed() >= FETCHED => return,
                    Heirs::Present | Heirs::None => {}
                }
            }
            sleep(DRAIN_LOOK).await;
            // Somebody may have been on the way in when the node began to drain.
            for seat in chat.announce_drain(|| Millis::new(RECONNECT_AFTER.start)) {
                chat.send_away(&seat);
            }
        }
    });
    if emptied.await.is_err() {
        tracing::warn!("the time to drain is over; some seats are left");
    }
}
