//! JSON as the frames of the protocol need it: a scanner that checks a whole frame in one pass and hands out
//! slices of it, and a writer that appends to a buffer.
//!
//! Why not a library: the protocol refuses what `serde_json` lets pass in values it skips (repeated keys,
//! lone surrogates, nesting between 32 and 128 levels) and accepts what it refuses in values it reads (a
//! number too large for any number type, in a field nobody looks at). Checking that beside a library would
//! read each frame twice. The tests hold both halves against `serde_json`.
//!
//! **Architecture Invariants.** Nothing here knows a command or an event. The scanner keeps its own stack,
//! which the nesting limit bounds, and never recurses; its work is linear in the frame, but for sorting the
//! keys of an object. A frame without escapes, unknown keys and nested values costs no allocation.

mod plain;
mod quoted;
mod scanner;
mod value;
mod writer;

pub(crate) use scanner::Scanner;
pub(crate) use value::Value;
pub(crate) use writer::{Key, ObjectWriter, key};
