//! Settings of what a user, an origin and the node may use: section `limits`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::text;

/// The most bytes that may wait for one connection: what the ring of a seat leaves beside events of state.
const MAX_OUTBOUND_BYTES: u32 = 262_144;

/// The least and the most bytes of a frame. What came in as one frame must fit into the outbound bytes of another.
const FRAME_BYTES: std::ops::RangeInclusive<u32> = 1024..=MAX_OUTBOUND_BYTES;

/// What a `message` frame needs beside its text, in bytes: names, a chat id and the longest id of a message.
const MESSAGE_ENVELOPE_BYTES: u32 = 192;

/// The least and the most events that may wait for one connection.
const OUTBOUND_QUEUE: std::ops::RangeInclusive<u32> = 8..=10_000;

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
        let frame_is_sane = problems.require_range("limits.frame_bytes", self.frame_bytes, FRAME_BYTES);
        if self.message_chars == 0 {
            problems.add("limits.message_chars", "expected at least 1");
        }
        // A character of plain UTF-8 has up to four bytes.
        let longest_message = u64::from(self.message_chars) * 4 + u64::from(MESSAGE_ENVELOPE_BYTES);
        if frame_is_sane && longest_message > u64::from(self.frame_bytes) {
            let most = (self.frame_bytes - MESSAGE_ENVELOPE_BYTES) / 4;
            let why = format!(
                "with limits.frame_bytes of {} a message has at most {most} characters",
                self.frame_bytes
            );
            problems.add("limits.message_chars", why);
        }
        problems.require_range("limits.outbound_queue", self.outbound_queue, OUTBOUND_QUEUE);
        let least = if frame_is_sane {
            self.frame_bytes
        } else {
            *FRAME_BYTES.start()
        };
        if !(least..=MAX_OUTBOUND_BYTES).contains(&self.outbound_bytes) {
            let why =
                format!("expected at least limits.frame_bytes ({least}) and at most {MAX_OUTBOUND_BYTES}");
            problems.add("limits.outbound_bytes", why);
        }
    }
}
