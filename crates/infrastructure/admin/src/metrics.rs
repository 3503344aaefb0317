//! Metrics: what happens is counted, and told to Prometheus when it asks.
//!
//! **Architecture Invariants.** [`Metrics::note`] is on the path of each message: one relaxed addition on a
//! counter that was looked up at start, and that no other thread writes to as a rule; no lock, no allocation. Everything else is gathered when it is asked
//! for. No label has a value that a user can choose.

mod catalogue;
mod counts;
mod exposition;
mod process;
mod series;
mod sources;
mod spread;
mod wait;

pub use catalogue::SourceRefused;
pub(crate) use exposition::MEDIA_TYPE;

use catalogue::Catalogue;
use counts::Counts;
use passerby_application::ports::{Fact, Observer};
use passerby_domain::id::NodeId;
use passerby_domain::notice::Census;
use process::Process;
use series::Gauges;
use sources::{CounterSource, GaugeSource, LabelledSource};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what happens on this node. A clone is another handle on the same counters.
#[derive(Clone)]
pub struct Metrics {
    counts: Arc<Counts>,
    book: Arc<Mutex<Book>>,
}

/// What is only read when somebody asks.
struct Book {
    catalogue: Catalogue,
    seats: Gauges<3>,
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

impl Observer for Metrics {
    fn note(&self, fact: Fact) {
        self.counts.note(fact);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests;
