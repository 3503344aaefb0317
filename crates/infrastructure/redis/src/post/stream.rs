//! What a read of a stream answers.
//!
//! **Architecture Invariant:** what is not in the form of an entry is left out; nothing is copied.

use deadpool_redis::redis::Value;
use std::fmt;

/// The id of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryId {
    millis: u64,
    number: u64,
}

impl EntryId {
    /// Before the first one.
    pub(super) const START: Self = Self { millis: 0, number: 0 };

    /// The least id after this one.
    pub(super) const fn next(self) -> Self {
        match self.number.checked_add(1) {
            Some(number) => Self { number, ..self },
            None => Self {
                millis: self.millis.saturating_add(1),
                number: 0,
            },
        }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (millis, number) = std::str::from_utf8(text).ok()?.split_once('-')?;
        Some(Self {
            millis: millis.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.number)
    }
}

/// One entry, with what is in its one field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    pub(super) envelope: Vec<u8>,
}

/// The entries of the one stream that was read.
pub(super) fn entries(answer: Value) -> Vec<Entry> {
    let stream = match answer {
        // A stream is its name and its entries, in either protocol.
        Value::Array(streams) => match streams.into_iter().next() {
            Some(Value::Array(stream)) => stream.into_iter().nth(1),
            _ => None,
        },
        Value::Map(streams) => streams.into_iter().next().map(|(_, entries)| entries),
        _ => None,
    };
    let Some(Value::Array(entries)) = stream else {
        return Vec::new();
    };
    entries.into_iter().filter_map(entry).collect()
}

fn entry(entry: Value) -> Option<Entry> {
    let Value::Array(entry) = entry else {
        return None;
    };
    let mut parts = entry.into_iter();
    let (Some(Value::BulkString(id)), Some(Value::Array(fields))) = (parts.next(), parts.next()) else {
        return None;
    };
    let envelope = match fields.into_iter().nth(1) {
        Some(Value::BulkString(envelope)) => envelope,
        // Somebody else wrote it.
        _ => Vec::new(),
    };
    Some(Entry {
        id: EntryId::parse(&id)?,
        envelope,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadpool_redis::redis::parse_redis_value;

    #[test]
    fn entries_are_read_from_either_protocol() {
        let entry = "*2\r\n$3\r\n7-1\r\n*2\r\n$1\r\nb\r\n$5\r\nhello\r\n";
        let expected = Entry {
            id: EntryId { millis: 7, number: 1 },
            envelope: b"hello".to_vec(),
        };
        for outer in ["*1\r\n*2\r\n$3\r\nkey\r\n*1\r\n", "%1\r\n$3\r\nkey\r\n*1\r\n"] {
            let answer = parse_redis_value(format!("{outer}{entry}").as_bytes()).unwrap();
            assert_eq!(
                entries(answer),
                [&expected].map(|entry| Entry {
                    envelope: entry.envelope.clone(),
                    ..*entry
                })
            );
        }
    }

    #[test]
    fn an_answer_of_another_form_has_no_entries() {
        for answer in [
            "*-1\r\n",
            "_\r\n",
            ":7\r\n",
            "*0\r\n",
            "*1\r\n*0\r\n",
            "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n:7\r\n",
        ] {
            assert_eq!(
                entries(parse_redis_value(answer.as_bytes()).unwrap()),
                [],
                "{answer}"
            );
        }
    }

    #[test]
    fn the_next_id_is_the_least_one_that_is_greater() {
        let id = EntryId::parse(b"5-18446744073709551615").unwrap();
        assert_eq!(id.next().to_string(), "6-0");
        assert_eq!(EntryId::parse(b"5-3").unwrap().next().to_string(), "5-4");
        assert_eq!(EntryId::parse(b"5"), None);
    }
}
