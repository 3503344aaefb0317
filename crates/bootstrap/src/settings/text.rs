//! How one value is read from a file or an environment variable, and shown again.
//!
//! A variable is always a text and a file has numbers and booleans too; both take the same way here, so a value means
//! the same wherever it stands.
//!
//! **Architecture Invariants.** The words of a refusal never repeat the value, which may be a secret in the wrong
//! place.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

/// What a value should have been, said to the operator.
pub(super) type Wrong = &'static str;

/// A value with a text form.
pub(super) trait Text: Sized {
    /// Whether a file may write the value without quotes, as a number or a boolean.
    const BARE: bool = false;

    /// Reads the value.
    fn read(text: &str) -> Result<Self, Wrong>;

    /// The text that [`Text::read`] takes for this value; a secret is redacted.
    fn show(&self) -> String;
}

/// Reads one value; for `#[serde(with)]`.
pub(super) fn deserialize<'de, T: Text, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Scalar(PhantomData))
}

/// Shows one value; for `#[serde(with)]`.
pub(super) fn serialize<T: Text, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let text = value.show();
    if T::BARE {
        if let Ok(number) = text.parse() {
            return serializer.serialize_u64(number);
        }
        if let Ok(truth) = text.parse() {
            return serializer.serialize_bool(truth);
        }
    }
    serializer.serialize_str(&text)
}

struct Scalar<T>(PhantomData<T>);

impl<T: Text> Scalar<T> {
    fn bare<E: de::Error>(text: &str) -> Result<T, E> {
        if T::BARE {
            T::read(text).map_err(E::custom)
        } else {
            Err(E::custom("expected a text in quotes"))
        }
    }
}

impl<T: Text> Visitor<'_> for Scalar<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        Self::bare(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        Self::bare(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        // With its point, so that 1.0 is not taken for the count 1.
        Self::bare(&format!("{number:?}"))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<T, E> {
        Self::bare(&truth.to_string())
    }
}

/// A value that may be left out, by an empty text.
pub(super) mod optional {
    use serde::{Deserializer, Serializer};

    use super::{Text, Wrong};

    /// Reads the value, or nothing where the text is empty; for `#[serde(with)]`.
    pub(in crate::settings) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        super::deserialize(deserializer).map(|Maybe(value)| value)
    }

    /// Shows the value, or an empty text; for `#[serde(with)]`.
    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(in crate::settings) fn serialize<T: Text, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.as_ref().map(T::show).unwrap_or_default())
    }

    struct Maybe<T>(Option<T>);

    impl<T: Text> Text for Maybe<T> {
        fn read(text: &str) -> Result<Self, Wrong> {
            if text.is_empty() {
                Ok(Self(None))
            } else {
                T::read(text).map(|value| Self(Some(value)))
            }
        }

        fn show(&self) -> String {
            self.0.as_ref().map(T::show).unwrap_or_default()
        }
    }
}

/// A list of values: an array, or a text with commas between.
pub(super) mod list {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{self, SeqAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Text;

    /// Reads the list; for `#[serde(with)]`.
    pub(in crate::settings) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(List(PhantomData))
    }

    /// Shows the list as an array; for `#[serde(with)]`.
    pub(in crate::settings) fn serialize<T: Text, S: Serializer>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(T::show))
    }

    struct List<T>(PhantomData<T>);

    impl<'de, T: Text> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            if text.trim().is_empty() {
                return Ok(Vec::new());
            }
            let read = |(place, entry): (usize, &str)| {
                T::read(entry.trim()).map_err(|wrong| E::custom(format_args!("entry {}: {wrong}", place + 1)))
            };
            text.split(',').enumerate().map(read).collect()
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut values = Vec::new();
            while let Some(Entry(value)) = entries.next_element()? {
                values.push(value);
            }
            Ok(values)
        }
    }

    struct Entry<T>(T);

    impl<'de, T: Text> Deserialize<'de> for Entry<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            super::deserialize(deserializer).map(Self)
        }
    }
}
