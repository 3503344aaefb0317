//! The wire contract between Passerby and its clients, protocol version 1.
//!
//! What a client sends is read by [`parse`] (frames) and [`parse_query`] (the query of `/ws`); what it hears
//! is an [`Event`] that writes itself as JSON. Codes, limits and the words of the protocol are here and
//! nowhere else. One golden file per command and event, in `golden/`, shows each on the wire.
//!
//! ```
//! use passerby_protocol::{Command, Event, parse};
//!
//! let frame = parse(r#"{"type":"skip","chat_id":"Zr8kQ0aW"}"#).expect("a valid frame");
//! assert!(matches!(frame.command, Command::Skip { chat_id } if chat_id == "Zr8kQ0aW"));
//!
//! let mut out = Vec::new();
//! Event::Typing { chat_id: "Zr8kQ0aW", on: true }.write(None, &mut out);
//! assert_eq!(out, br#"{"type":"typing","chat_id":"Zr8kQ0aW","on":true}"#);
//! ```
//!
//! **API Boundary.** Client libraries and other transports may build on this crate.
//!
//! **Architecture Invariants.** The crate knows nothing of the domain: it says whether a frame is well
//! formed, never whether it is allowed. It does no I/O, has no clock and no dependency. Nothing here panics
//! on input, and no error and no `Debug` repeats what somebody wrote.

mod code;
mod command;
mod event;
mod json;
mod limits;
mod members;
mod parse;
mod query;
mod refused;
mod words;

pub use code::{CloseCode, ErrorCode};
pub use command::{Command, Frame, Join};
pub use event::{Event, IceServer, Matched, Refusal, State, Waiting, Welcome};
pub use limits::{
    DETAIL_CHARS, ID_BYTES, MAX_INTERESTS, MAX_SEQ, NESTING, PROTOCOL_VERSION, RESUME_BYTES,
    RESUME_SUBPROTOCOL_PREFIX, SIGNAL_BYTES, SUBPROTOCOL,
};
pub use parse::parse;
pub use query::{ConnectQuery, JoinMode, Parameter, QueryError, parse_query};
pub use refused::{Field, Malformed, Refused, RefusedKind};
pub use words::{EndReason, Mode, ReportReason};
