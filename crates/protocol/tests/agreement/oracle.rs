//! What `serde_json` says of a frame, with the protocol's own rules on top.

use std::collections::HashSet;
use std::fmt;

use passerby_protocol::NESTING;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What there is to say about the form of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An object that keeps the rules.
    Fine,
    /// Not JSON, or JSON and no object.
    NotAnObject,
    /// Nested too deeply.
    TooDeep,
    /// A key twice in one object.
    RepeatedKey,
}

/// Judges the form of a frame.
///
/// A frame that is both broken and too deep is only called broken here; who reads it from the front may meet
/// the depth first.
pub(crate) fn verdict(frame: &str) -> Verdict {
    let mut survey = Survey {
        levels: 0,
        repeated_key: false,
    };
    let object: Result<&RawValue, _> = serde_json::from_str(frame);
    let is_valid = object.is_ok_and(|object| object.get().starts_with('{') && survey.visit(object, 1));
    match survey {
        _ if !is_valid => Verdict::NotAnObject,
        Survey { levels, .. } if levels > NESTING => Verdict::TooDeep,
        Survey {
            repeated_key: true, ..
        } => Verdict::RepeatedKey,
        Survey { .. } => Verdict::Fine,
    }
}

/// What a walk through a frame has found.
struct Survey {
    levels: usize,
    repeated_key: bool,
}

impl Survey {
    /// Walks through a value that lies at this level, and says whether it is valid to its last string.
    fn visit(&mut self, value: &RawValue, level: usize) -> bool {
        let json = value.get();
        match json.as_bytes()[0] {
            b'"' => serde_json::from_str::<String>(json).is_ok(),
            b'[' => {
                self.levels = self.levels.max(level);
                let elements: Result<Vec<&RawValue>, _> = serde_json::from_str(json);
                elements.is_ok_and(|elements| elements.iter().all(|element| self.visit(element, level + 1)))
            }
            b'{' => {
                self.levels = self.levels.max(level);
                let entries: Result<Entries<'_>, _> = serde_json::from_str(json);
                entries.is_ok_and(|Entries(entries)| {
                    let keys: HashSet<_> = entries.iter().map(|(key, _)| key).collect();
                    self.repeated_key |= keys.len() < entries.len();
                    entries.iter().all(|(_, value)| self.visit(value, level + 1))
                })
            }
            _ => true,
        }
    }
}

/// The entries of an object in order, repeated ones too.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
