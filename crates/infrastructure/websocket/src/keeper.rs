//! The keeper: pings connections, notices those that are silent, and tidies up after those at rest.
//!
//! One task for all connections: a wheel with a slot for each tick of the ping interval, and a queue of the pings
//! that are not yet judged. A connection costs an entry of two weak references, and no timer.

use crate::connection::{Connection, Goodbye, LastWords};
use crate::encoder::write_control;
use passerby_application::ports::{Farewell, Flush, Ports};
use passerby_application::{Chat, Seat};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::protocol::frame::coding::Control;
use tokio_util::sync::CancellationToken;

/// The longest tick.
const TICK: Duration = Duration::from_millis(250);
/// Ticks in the shortest ping interval.
const TICKS: u32 = 8;
/// How often users out of a chat are told how many people there are, at most.
const CENSUS_INTERVAL: Duration = Duration::from_secs(5);
/// How many connections are seen to before other tasks get their turn.
const BATCH: usize = 64;

struct Entry<P: Ports> {
    connection: Weak<Connection>,
    seat: Weak<Seat<P>>,
}

/// Looks after all connections of a listener.
pub(crate) struct Keeper<P: Ports> {
    slots: Vec<Mutex<Vec<Entry<P>>>>,
    next_slot: AtomicUsize,
    /// Whether nobody is to stay.
    is_closed: AtomicBool,
    tick: Duration,
    pong_timeout: Duration,
    /// How many more pings are sent before one is judged: some, where the time-out is longer than the interval.
    later_pings: u8,
    /// How many rounds of the wheel pass between two words on how many people there are.
    census_rounds: usize,
    ping: Vec<u8>,
}

impl<P: Ports> Keeper<P> {
    pub(crate) fn new(ping_interval: Duration, pong_timeout: Duration) -> Self {
        let tick = (ping_interval / TICKS).clamp(Duration::from_millis(5), TICK);
        // A slot less than the interval holds, so that a silent client is noticed within the interval and the time-out,
        // the ticks that either is rounded up to included.
        let slots = (ping_interval.as_nanos() / tick.as_nanos())
            .saturating_sub(1)
            .clamp(1, 100_000) as usize;
        let round = tick * u32::try_from(slots).unwrap_or(u32::MAX);
        let census_rounds = CENSUS_INTERVAL.as_nanos().div_ceil(round.as_nanos().max(1)) as usize;
        let mut ping = Vec::new();
        write_control(Control::Ping, &[], &mut ping);
        Self {
            slots: (0..slots).map(|_| Mutex::default()).collect(),
            next_slot: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            tick,
            pong_timeout,
            later_pings: later_pings(round, pong_timeout),
            census_rounds,
            ping,
        }
    }

    /// Looks after a connection from now on, until it is dropped.
    pub(crate) fn register(&self, connection: &Arc<Connection>, seat: &Arc<Seat<P>>) {
        // Spread evenly, so that no tick has more to do than another.
        let slot = self.next_slot.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let entry = Entry {
            connection: Arc::downgrade(connection),
            seat: Arc::downgrade(seat),
        };
        self.slot(slot).push(entry);
        self.see_out(slot);
    }

    /// Hangs up on everybody, and on whoever is registered from now on.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        for slot in 0..self.slots.len() {
            self.see_out(slot);
        }
    }

    /// Hangs up on the connections of a slot, if nobody is to stay. To be called after any is put there: whoever closes sees
    /// it in the slot, or it is seen here that the slot was closed before.
    fn see_out(&self, slot: usize) {
        if !self.is_closed.load(Ordering::Acquire) {
            return;
        }
        let entries = std::mem::take(&mut *self.slot(slot));
        for connection in entries.iter().filter_map(|entry| entry.connection.upgrade()) {
            connection.hang_up(LastWords {
                rest: Vec::new(),
                why: Goodbye::Application(Farewell::Restarting),
            });
        }
    }

    /// Looks after connections until `end`. It is not to be dropped before, which may leave some to themselves.
    pub(crate) async fn run(&self, chat: &Chat<P>, end: &CancellationToken) {
        let mut ticks = interval(self.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unjudged = VecDeque::new();
        let mut count = 0_usize;
        loop {
            let now = tokio::select! {
                () = end.cancelled() => return,
                now = ticks.tick() => now,
            };
            self.judge(&mut unjudged, now).await;
            let round = count / self.slots.len();
            let tells_census = round.is_multiple_of(self.census_rounds);
            self.visit(
                chat,
                count % self.slots.len(),
                tells_census.then_some(()),
                &mut unjudged,
            )
            .await;
            count = count.wrapping_add(1);
        }
    }

    /// Hangs up on those that did not answer their ping.
    async fn judge(&self, unjudged: &mut VecDeque<(Instant, Weak<Connection>)>, now: Instant) {
        let mut seen = 0;
        while let Some((deadline, _)) = unjudged.front()
            && *deadline <= now
            && let Some((_, connection)) = unjudged.pop_front()
        {
            if let Some(connection) = connection
                .upgrade()
                .filter(|connection| connection.is_silent(self.later_pings))
            {
                connection.hang_up(LastWords {
                    rest: Vec::new(),
                    why: Goodbye::NoSignOfLife,
                });
            }
            seen += 1;
            if seen % BATCH == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Pings the connections of a slot, and looks after their seats.
    async fn visit(
        &self,
        chat: &Chat<P>,
        slot: usize,
        census: Option<()>,
        unjudged: &mut VecDeque<(Instant, Weak<Connection>)>,
    ) {
        let entries = std::mem::take(&mut *self.slot(slot));
        let mut kept = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            let connection = entry.connection.upgrade();
            // One that was hung up on may be there for a while, and its seat have another, which would be told all twice.
            let connection = connection.filter(|connection| !connection.is_over());
            if let (Some(connection), Some(seat)) = (connection, entry.seat.upgrade()) {
                if census.is_some() {
                    chat.tell_census(&seat);
                }
                connection.pinged();
                chat.reply(&seat, &self.ping, Flush::Now);
                // Behind the ping, which would otherwise leave a buffer to all who are silent.
                chat.tidy(&seat);
                unjudged.push_back((Instant::now() + self.pong_timeout, entry.connection.clone()));
                kept.push(entry);
            }
            if index % BATCH == BATCH - 1 {
                tokio::task::yield_now().await;
            }
        }
        {
            let mut slot = self.slot(slot);
            kept.append(&mut slot);
            kept.shrink_to(2 * kept.len());
            *slot = kept;
        }
        self.see_out(slot);
    }

    fn slot(&self, slot: usize) -> std::sync::MutexGuard<'_, Vec<Entry<P>>> {
        self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many more pings are sent before one is judged, if there is one in each round.
fn later_pings(round: Duration, pong_timeout: Duration) -> u8 {
    u8::try_from(pong_timeout.as_nanos() / round.as_nanos().max(1)).unwrap_or(u8::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_judged_by_itself_however_long_the_time_out_is() {
        let later =
            |round, timeout| later_pings(Duration::from_millis(round), Duration::from_millis(timeout));
        assert_eq!(later(14_750, 10_000), 0, "those that go without saying");
        assert_eq!(later(9_750, 10_000), 1);
        assert_eq!(later(9_750, 25_000), 2);
        assert_eq!(later(1, 1_000_000), u8::MAX - 1, "as many as can be counted");
        assert_eq!(later(0, 0), 0);
    }
}
