//! The counts of all nodes that live. With this store there is one node; the rule is the same.

use passerby_domain::id::NodeId;
use passerby_domain::notice::Census;
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;

/// How long a node that is not heard from counts as alive.
const LEASE: Millis = Millis::from_secs(5);

/// What each node said last, and when.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    heard: HashMap<NodeId, (Census, Moment)>,
}

impl Nodes {
    /// Notes the counts of one node and adds up those of all that live.
    pub(super) fn beat(&mut self, node: &NodeId, own: Census, now: Moment) -> Census {
        self.heard.retain(|_, (_, at)| now < *at + LEASE);
        self.heard.insert(node.clone(), (own, now));
        self.heard
            .values()
            .fold(Census::default(), |sum, (census, _)| Census {
                online: sum.online.saturating_add(census.online),
                waiting: sum.waiting.saturating_add(census.waiting),
                chatting: sum.chatting.saturating_add(census.chatting),
            })
    }
}
