//! What a proxy does with the bytes it is given.

use std::time::Duration;

/// A direction through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From whoever connected to the target.
    Up,
    /// From the target to whoever connected.
    Down,
}

/// What happens to connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything goes through at once.
    Pass,
    /// Everything goes through later by a time, give or take another, each way. Order is kept.
    Delay {
        /// The middle of the delay.
        by: Duration,
        /// The most it differs from that.
        jitter: Duration,
    },
    /// As [`Mode::Delay`], and one read in so many holds up everything behind it.
    Stall {
        /// The middle of the ordinary delay.
        by: Duration,
        /// The most it differs from that.
        jitter: Duration,
        /// Of so many reads one stalls.
        one_in: u32,
        /// How long it stalls.
        lasting: Duration,
    },
    /// Connections are accepted, and nothing is read of any, either way.
    Blackhole,
    /// Nothing is read of this direction; the other passes.
    Deaf(Way),
    /// Nobody listens; open connections are reset.
    Refuse,
    /// Open connections are reset, new ones as soon as they are made.
    Reset,
    /// So many bytes a second each way.
    Rate(u32),
    /// Byte by byte, each in a packet of its own.
    Slice,
    /// A connection is reset after this many bytes since its beginning, both ways together.
    CutAfter(u64),
}

impl Mode {
    /// Whether nothing moves in this direction.
    pub(super) fn stops(&self, way: Way) -> bool {
        match self {
            Self::Blackhole => true,
            Self::Deaf(deaf) => *deaf == way,
            Self::Pass
            | Self::Delay { .. }
            | Self::Stall { .. }
            | Self::Refuse
            | Self::Reset
            | Self::Rate(_)
            | Self::Slice
            | Self::CutAfter(_) => false,
        }
    }

    /// Whether an open connection ends at once.
    pub(super) fn resets(&self) -> bool {
        matches!(self, Self::Refuse | Self::Reset)
    }
}
