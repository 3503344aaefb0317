//! Settings of what a user, an origin and the node may use: section `limits`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::text;

/// The most bytes that may wait for one connection: what the ring of a seat leaves beside events of state.
const MAX_OUTBOUND_BYTES: u32 = 262_144;

/// The least and the most bytes of a frame. Whichever of this and `limits.message_chars` is passed first refuses a
/// message, so neither depends on the other.
const FRAME_BYTES: std::ops::RangeInclusive<u32> = 256..=MAX_OUTBOUND_BYTES;

/// The least and the most characters of a message.
const MESSAGE_CHARS: std::ops::RangeInclusive<u32> = 1..=65_536;

/// The least and the most events that may wait for one connection.
const OUTBOUND_QUEUE: std::ops::RangeInclusive<u32> = 4..=10_000;

/// The least and the most bytes that may wait for one connection.
const OUTBOUND_BYTES: std::ops::RangeInclusive<u32> = 1024..=MAX_OUTBOUND_BYTES;

/// Settings of what a user, an origin and the node may use; where a count is optional, none is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Connections to this node.
    #[serde(with = "text")]
    pub connections: Option<NonZeroU32>,
    /// Connections of one origin.
    #[serde(with = "text")]
    pub connections_per_origin: Option<NonZeroU32>,
    /// New connections of one origin in a minute.
    #[serde(with = "text")]
    pub connects_per_origin_per_minute: Option<NonZeroU32>,
    /// Messages of one user in a second.
    #[serde(with = "text")]
    pub messages_per_second: Option<NonZeroU32>,
    /// Skips of one user in a minute.
    #[serde(with = "text")]
    pub skips_per_minute: Option<NonZeroU32>,
    /// Commands other than messages of one user in a second.
    #[serde(with = "text")]
    pub commands_per_second: Option<NonZeroU32>,
    /// The longest text of a message, in Unicode scalar values.
    #[serde(with = "text")]
    pub message_chars: u32,
    /// The longest frame from a client, in bytes.
    #[serde(with = "text")]
    pub frame_bytes: u32,
    /// Unwritten events of one connection.
    #[serde(with = "text")]
    pub outbound_queue: u32,
    /// Unwritten bytes of one connection.
    #[serde(with = "text")]
    pub outbound_bytes: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            connections: NonZeroU32::new(100_000),
            connections_per_origin: NonZeroU32::new(20),
            connects_per_origin_per_minute: NonZeroU32::new(60),
            messages_per_second: NonZeroU32::new(10),
            skips_per_minute: NonZeroU32::new(20),
            commands_per_second: NonZeroU32::new(30),
            message_chars: 2000,
            frame_bytes: 32_768,
            outbound_queue: 64,
            outbound_bytes: MAX_OUTBOUND_BYTES,
        }
    }
}

impl LimitSettings {
    pub(super) fn check(&self, problems: &mut Problems) {
        for (key, count) in [
            ("limits.connections", self.connections),
            ("limits.connections_per_origin", self.connections_per_origin),
            (
                "limits.connects_per_origin_per_minute",
                self.connects_per_origin_per_minute,
            ),
            ("limits.messages_per_second", self.messages_per_second),
            ("limits.skips_per_minute", self.skips_per_minute),
            ("limits.commands_per_second", self.commands_per_second),
        ] {
            problems.require_count(key, count);
        }
        problems.require_range("limits.message_chars", self.message_chars, MESSAGE_CHARS);
        problems.require_range("limits.frame_bytes", self.frame_bytes, FRAME_BYTES);
        problems.require_range("limits.outbound_queue", self.outbound_queue, OUTBOUND_QUEUE);
        problems.require_range("limits.outbound_bytes", self.outbound_bytes, OUTBOUND_BYTES);
    }
}
