//! The numbers and names that protocol version 1 fixes for everybody.
//!
//! **Architecture Invariants.** Only what the protocol itself fixes is here; what an operator may set
//! (characters of a message, bytes of a frame) is a setting and does not belong to this crate.

/// The version that `welcome` names.
pub const PROTOCOL_VERSION: u64 = 1;

/// The subprotocol a server selects when a client offers it.
pub const SUBPROTOCOL: &str = "passerby.v1";

/// An offered subprotocol that begins so carries a resume token, which keeps the token out of URLs.
pub const RESUME_SUBPROTOCOL_PREFIX: &str = "passerby.resume.";

/// The most interests one user may name.
pub const MAX_INTERESTS: usize = 10;

/// The longest `id` of a command, in bytes of UTF-8.
pub const ID_BYTES: usize = 64;

/// The longest `data` of a `signal`, in bytes as sent.
pub const SIGNAL_BYTES: usize = 16 * 1024;

/// The deepest nesting of a frame; the frame itself is the first level.
pub const NESTING: usize = 32;

/// The longest `detail` of a `report`, in characters (Unicode scalar values).
pub const DETAIL_CHARS: usize = 500;

/// The longest resume token, in bytes after decoding.
pub const RESUME_BYTES: usize = 512;

/// The highest event number a client may name: the highest that a JavaScript number holds exactly.
pub const MAX_SEQ: u64 = (1 << 53) - 1;
