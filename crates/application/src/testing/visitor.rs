//! Somebody on a test's node.

use super::{NoPeers, RecordingWire, TestPorts};
use crate::Entry;
use crate::ports::{Farewell, PairingStore, Peers, ResumeToken, TextScreen};
use crate::seat::{ConnectionNumber, Seat};
use passerby_domain::criteria::Criteria;
use passerby_domain::id::UserId;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// How somebody comes.
#[derive(Clone, Debug)]
pub struct Visit {
    /// From where; `None` is from an address that nobody else comes from.
    pub address: Option<IpAddr>,
    /// Whether for the queue.
    pub entry: Entry,
    /// Whom they want to meet.
    pub criteria: Criteria,
}

impl Default for Visit {
    /// For the queue, and for anybody.
    fn default() -> Self {
        Self {
            address: None,
            entry: Entry::Queue,
            criteria: Criteria::default(),
        }
    }
}

impl Visit {
    /// The address of the visitor with this number.
    pub(super) fn address(&self, number: u32) -> IpAddr {
        self.address
            .unwrap_or_else(|| Ipv4Addr::from_bits(0x0a00_0000 + number).into())
    }
}

/// Somebody who is connected.
#[derive(Debug)]
pub struct Visitor<S: PairingStore, T: TextScreen, Q: Peers = NoPeers> {
    /// Their seat.
    pub seat: Arc<Seat<TestPorts<S, T, Q>>>,
    /// The number of their connection.
    pub connection: ConnectionNumber,
    /// Their connection.
    pub wire: Arc<RecordingWire>,
    /// Where they came from.
    pub address: IpAddr,
}

impl<S: PairingStore, T: TextScreen, Q: Peers> Visitor<S, T, Q> {
    /// Their id.
    pub fn user(&self) -> UserId {
        self.seat.user()
    }

    /// What they heard on this connection since this was last asked, each as its short line.
    pub fn hears(&self) -> Vec<String> {
        self.wire.hears()
    }

    /// The chat they were told of last, as they would name it. Empty if there was none.
    pub fn chat(&self) -> String {
        let told = self.wire.told();
        let chat = told.iter().rev().find_map(super::Told::chat);
        chat.map(|chat| chat.to_string()).unwrap_or_default()
    }

    /// The token of the latest welcome on this connection.
    pub fn token(&self) -> ResumeToken {
        self.wire.token()
    }

    /// Why their connection was hung up on, if it was.
    pub fn farewell(&self) -> Option<Farewell> {
        self.wire.farewell()
    }
}
