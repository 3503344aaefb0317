//! One event of the server, as a client received it.

use std::ops::Index;
use std::time::Instant;

use serde_json::Value;

/// The events that carry no `seq`.
pub const TRANSIENT: [&str; 7] = ["ack", "typing", "pong", "stats", "error", "welcome", "draining"];

/// An event and the moment it was read.
#[derive(Clone, Debug)]
pub struct Event {
    /// The whole frame.
    pub body: Value,
    /// When it was read from the socket.
    pub at: Instant,
}

impl Event {
    /// The `type`.
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// Whether events of this type carry no `seq`.
    pub fn is_transient(&self) -> bool {
        TRANSIENT.contains(&self.kind())
    }

    /// A field that must be a string.
    pub fn text(&self, field: &str) -> &str {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("no string `{field}` in {}", self.body))
    }

    /// A field that must be a whole number.
    pub fn number(&self, field: &str) -> u64 {
        self.body[field]
            .as_u64()
            .unwrap_or_else(|| panic!("no number `{field}` in {}", self.body))
    }

    /// A field that must be a boolean.
    pub fn flag(&self, field: &str) -> bool {
        self.body[field]
            .as_bool()
            .unwrap_or_else(|| panic!("no boolean `{field}` in {}", self.body))
    }

    /// Whether the field is there.
    pub fn has(&self, field: &str) -> bool {
        self.body.get(field).is_some()
    }

    /// A field that must be a list of strings.
    pub fn list(&self, field: &str) -> Vec<&str> {
        let items = self.body[field]
            .as_array()
            .unwrap_or_else(|| panic!("no list `{field}` in {}", self.body));
        items
            .iter()
            .map(|item| item.as_str().expect("the list holds strings"))
            .collect()
    }
}

impl Index<&str> for Event {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.body[field]
    }
}
