//! What is written on the path of a message: shared atomics and nothing else.

use super::catalogue::Catalogue;
use super::series::{Count, Labelled};
use super::spread::Spread;
use super::wait::WaitHistogram;
use passerby_application::ports::{Anomaly, Completeness, Fact};
use passerby_domain::notice::EndReason;
use prometheus_client::metrics::counter::Counter;
use std::fmt;

/// One counter for each thing that may happen, looked up at the start.
pub(super) struct Counts {
    connected: Counter,
    resumed_whole: Counter,
    resumed_gap: Counter,
    dropped: Counter,
    gone: Counter,
    waits: WaitHistogram,
    ended: [Counter; 7],
    relayed: Spread,
    repeated: Spread,
    undelivered: Spread,
    rate_limited: Counter,
    reported: Counter,
    blocked: Counter,
    turned_away: Counter,
    store_failed: Counter,
    offers_lapsed: Counter,
    unconfirmed: Spread,
    anomalies: [Counter; 3],
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

impl Counts {
    /// All at zero, each in the catalogue.
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        fn plain(catalogue: &mut Catalogue, name: &'static str, help: &'static str) -> Counter {
            let counter = Counter::default();
            catalogue.add(name, help, counter.clone());
            counter
        }
        fn labelled<const N: usize, C>(
            catalogue: &mut Catalogue,
            name: &'static str,
            help: &'static str,
            label: &'static str,
            values: [&'static str; N],
        ) -> [C; N]
        where
            C: Count + Clone + Default + fmt::Debug + Send + Sync + 'static,
        {
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
        let [relayed, repeated, undelivered, unconfirmed] = labelled(
            catalogue,
            "passerby_messages",
            "Messages by outcome: relayed to the partner, repeated under a known id, undelivered, or unconfirmed, which is when \
             no answer came from the partner's node",
            "outcome",
            ["relayed", "repeated", "undelivered", "unconfirmed"],
        );
        let anomalies = labelled(
            catalogue,
            "passerby_invariant_violations",
            "What is never to be while no node and no store fails, found and put right: a store that knew something else \
             of a seat than its owner, a chat with one end, a seat that two nodes held",
            "kind",
            ["difference", "orphan", "usurped"],
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
            unconfirmed,
            anomalies,
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

    /// Counts one fact. Neither waits nor allocates.
    pub(super) fn note(&self, fact: Fact) {
        let counter = match fact {
            Fact::Connected => &self.connected,
            Fact::Resumed {
                complete: Completeness::Whole,
            } => &self.resumed_whole,
            Fact::Resumed {
                complete: Completeness::Gap,
            } => &self.resumed_gap,
            Fact::Dropped => &self.dropped,
            Fact::Gone => &self.gone,
            Fact::Paired { waited } => return self.waits.observe(waited),
            Fact::ChatEnded(reason) => &self.ended[place_of(reason)],
            Fact::Relayed => return self.relayed.inc(),
            Fact::Repeated => return self.repeated.inc(),
            Fact::Undelivered => return self.undelivered.inc(),
            Fact::RateLimited => &self.rate_limited,
            Fact::Reported => &self.reported,
            Fact::Blocked => &self.blocked,
            Fact::TurnedAway => &self.turned_away,
            Fact::StoreFailed => &self.store_failed,
            Fact::OfferLapsed => &self.offers_lapsed,
            Fact::Unconfirmed => return self.unconfirmed.inc(),
            Fact::Anomaly(anomaly) => {
                &self.anomalies[match anomaly {
                    Anomaly::Difference => 0,
                    Anomaly::Orphan => 1,
                    Anomaly::Usurped => 2,
                }]
            }
        };
        counter.inc();
    }
}
