//! Metrics: what happens is counted, and told to Prometheus when it asks.
//!
//! **Architecture Invariants.** [`Metrics::note`] is on the path of each message: one relaxed addition on a
//! counter that was looked up at start, no lock, no allocation. Everything else is gathered when it is asked
//! for. No label has a value that a user can choose.

mod catalogue;
mod exposition;
mod process;
mod series;
mod sources;
mod wait;

pub use catalogue::SourceRefused;
pub(crate) use exposition::MEDIA_TYPE;

use catalogue::Catalogue;
use passerby_application::ports::{Completeness, Fact, Observer};
use passerby_domain::id::NodeId;
use passerby_domain::notice::{Census, EndReason};
use process::Process;
use prometheus_client::metrics::counter::Counter;
use series::{Gauges, Labelled};
use sources::{CounterSource, GaugeSource, LabelledSource};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use wait::WaitHistogram;

/// Counts what happens on this node. A clone is another handle on the same counters.
#[derive(Clone)]
pub struct Metrics {
    counts: Arc<Counts>,
    book: Arc<Mutex<Book>>,
}

/// What is written on the path of a message: shared atomics and nothing else.
struct Counts {
    connected: Counter,
    resumed_whole: Counter,
    resumed_gap: Counter,
    dropped: Counter,
    gone: Counter,
    waits: WaitHistogram,
    ended: [Counter; 7],
    relayed: Counter,
    repeated: Counter,
    undelivered: Counter,
    rate_limited: Counter,
    reported: Counter,
    blocked: Counter,
    turned_away: Counter,
    store_failed: Counter,
    offers_lapsed: Counter,
}

/// What is only read when somebody asks.
struct Book {
    catalogue: Catalogue,
    seats: Gauges<3>,
}

/// The labels of `passerby_chats_ended_total`, in the order of [`place_of`].
const REASONS: [&str; 7] = [
    "you_skipped",
    "partner_skipped",
    "you_left",
    "partner_left",
    "partner_disconnected",
    "moderated",
    "lost",
];

const fn place_of(reason: EndReason) -> usize {
    match reason {
        EndReason::YouSkipped => 0,
        EndReason::PartnerSkipped => 1,
        EndReason::YouLeft => 2,
        EndReason::PartnerLeft => 3,
        EndReason::PartnerDisconnected => 4,
        EndReason::Moderated => 5,
        EndReason::Lost => 6,
    }
}

impl Metrics {
    /// Metrics of the node `node` that runs `version`, all at zero.
    pub fn new(node: &NodeId, version: &'static str) -> Self {
        let mut catalogue = Catalogue::default();
        catalogue.add(
            "passerby_node_info",
            "Which node this is and what it runs",
            series::Info::new([
                ("node", node.as_str().to_owned()),
                ("version", version.to_owned()),
            ]),
        );
        let seats = Gauges::new("state", ["idle", "waiting", "chatting"]);
        catalogue.add(
            "passerby_seats",
            "Seats on this node, also those held for somebody whose connection dropped",
            seats.clone(),
        );
        let counts = Counts::register(&mut catalogue);
        catalogue.add_collector(Process);
        Self {
            counts: Arc::new(counts),
            book: Arc::new(Mutex::new(Book { catalogue, seats })),
        }
    }

    /// Adds a counter that is kept elsewhere: `read` is called at each scrape and must never count down nor wait.
    /// `name` begins with `passerby_` and lacks the `_total` that the series gets; `help` is a sentence without
    /// its full stop.
    ///
    /// # Errors
    /// [`SourceRefused`].
    pub fn register_counter_source(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<(), SourceRefused> {
        self.with_book(|book| book.catalogue.add_source(name, help, CounterSource::new(read)))
    }

    /// Adds a gauge that is kept elsewhere, as [`Self::register_counter_source`] does a counter.
    ///
    /// # Errors
    /// [`SourceRefused`].
    pub fn register_gauge_source(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<(), SourceRefused> {
        self.with_book(|book| book.catalogue.add_source(name, help, GaugeSource::new(read)))
    }

    /// Adds counters that are kept elsewhere and differ in one label, `label`. `read` gives the label's values with
    /// their counts; at most 64 of them are told.
    ///
    /// # Errors
    /// [`SourceRefused`].
    pub fn register_labelled_counter_source(
        &self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        read: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    ) -> Result<(), SourceRefused> {
        self.with_book(|book| {
            book.catalogue
                .add_source(name, help, LabelledSource::new(label, read))
        })
    }

    /// All series in the text format of Prometheus, version 0.0.4, with the seats as `own` counts them.
    ///
    /// Reads a few files of the system, so it belongs on a thread that may wait.
    ///
    /// # Errors
    /// [`fmt::Error`] if a series cannot be written down.
    pub fn render(&self, own: Census) -> Result<String, fmt::Error> {
        self.with_book(|book| {
            let idle = own.online.saturating_sub(own.waiting + own.chatting);
            book.seats.set([idle, own.waiting, own.chatting]);
            Ok(exposition::plain(&book.catalogue.encode()?))
        })
    }

    fn with_book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counts {
    fn register(catalogue: &mut Catalogue) -> Self {
        fn plain(catalogue: &mut Catalogue, name: &'static str, help: &'static str) -> Counter {
            let counter = Counter::default();
            catalogue.add(name, help, counter.clone());
            counter
        }
        fn labelled<const N: usize>(
            catalogue: &mut Catalogue,
            name: &'static str,
            help: &'static str,
            label: &'static str,
            values: [&'static str; N],
        ) -> [Counter; N] {
            let series = Labelled::new(label, values);
            let counters = series.counters();
            catalogue.add(name, help, series);
            counters
        }

        let connected = plain(catalogue, "passerby_seats_connected", "Seats that were made");
        let [resumed_whole, resumed_gap] = labelled(
            catalogue,
            "passerby_seats_resumed",
            "Seats that were taken back, by whether the replay was whole or had a gap",
            "replay",
            ["whole", "gap"],
        );
        let dropped = plain(
            catalogue,
            "passerby_seats_dropped",
            "Connections that dropped and left a held seat",
        );
        let gone = plain(catalogue, "passerby_seats_gone", "Seats that ended");
        let waits = WaitHistogram::default();
        catalogue.add(
            "passerby_pairing_wait_seconds",
            "How long the one of a pair waited who waited longer; its count is that of all pairs",
            waits.clone(),
        );
        let ended = labelled(
            catalogue,
            "passerby_chats_ended",
            "Ends of chats as told to one of the two seats, by reason",
            "reason",
            REASONS,
        );
        let [relayed, repeated, undelivered] = labelled(
            catalogue,
            "passerby_messages",
            "Messages by outcome: relayed to the partner, repeated under a known id, or undelivered",
            "outcome",
            ["relayed", "repeated", "undelivered"],
        );
        Self {
            connected,
            resumed_whole,
            resumed_gap,
            dropped,
            gone,
            waits,
            ended,
            relayed,
            repeated,
            undelivered,
            rate_limited: plain(
                catalogue,
                "passerby_commands_refused",
                "Commands that a limit refused",
            ),
            reported: plain(catalogue, "passerby_reports", "Reports that were recorded"),
            blocked: plain(catalogue, "passerby_blocks", "Blocks that were put in force"),
            turned_away: plain(
                catalogue,
                "passerby_turned_away",
                "Connections that a limit or a ban turned away",
            ),
            store_failed: plain(
                catalogue,
                "passerby_store_failures",
                "Operations that the store failed",
            ),
            offers_lapsed: plain(
                catalogue,
                "passerby_offers_lapsed",
                "Offers that came to nothing since a seat had moved on",
            ),
        }
    }
}

impl Observer for Metrics {
    fn note(&self, fact: Fact) {
        let counts = &*self.counts;
        let counter = match fact {
            Fact::Connected => &counts.connected,
            Fact::Resumed {
                complete: Completeness::Whole,
            } => &counts.resumed_whole,
            Fact::Resumed {
                complete: Completeness::Gap,
            } => &counts.resumed_gap,
            Fact::Dropped => &counts.dropped,
            Fact::Gone => &counts.gone,
            Fact::Paired { waited } => return counts.waits.observe(waited),
            Fact::ChatEnded(reason) => &counts.ended[place_of(reason)],
            Fact::Relayed => &counts.relayed,
            Fact::Repeated => &counts.repeated,
            Fact::Undelivered => &counts.undelivered,
            Fact::RateLimited => &counts.rate_limited,
            Fact::Reported => &counts.reported,
            Fact::Blocked => &counts.blocked,
            Fact::TurnedAway => &counts.turned_away,
            Fact::StoreFailed => &counts.store_failed,
            Fact::OfferLapsed => &counts.offers_lapsed,
        };
        counter.inc();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests;
