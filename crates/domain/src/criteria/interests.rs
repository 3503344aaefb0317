//! What people would like to talk about.
//!
//! **Architecture Invariants.** An [`Interest`] exists in its normal form only, so two people who wrote the
//! same word in another case or width share it by plain comparison. Interests are people's own words: their
//! `Debug` shows none of them.

use std::cmp::Ordering;
use std::fmt;
use std::slice;
use std::sync::Arc;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

use crate::text::is_visible;

/// A list of interests is not one: too many, or one that is empty, too long or not plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of interests")]
pub struct InvalidInterests;

/// One thing to talk about, in its normal form: NFKC, case-folded, without white space around it.
///
/// It has 1 to 32 characters, at least one of them visible, and no comma, control or bidi control character.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interest(Arc<str>);

impl Interest {
    /// The most characters (Unicode scalar values) of an interest in its normal form.
    pub const MAX_CHARS: usize = 32;

    /// The most bytes, without the white space around it, of an interest as somebody wrote it.
    ///
    /// It bounds the work of normalising, where three bytes may become 33. Even 32 characters that are
    /// written in pieces (three letters for a Korean syllable, marks apart from their letter) stay below it.
    pub const MAX_RAW_BYTES: usize = 512;

    /// The normal form of `raw`, if it has one.
    fn parse(raw: &str) -> Result<Self, InvalidInterests> {
        let raw = raw.trim();
        if raw.len() > Self::MAX_RAW_BYTES {
            return Err(InvalidInterests);
        }
        let normal = normalised(raw);
        let chars = normal.chars().count();
        let fine = (1..=Self::MAX_CHARS).contains(&chars)
            && normal.chars().any(is_visible)
            && !normal.chars().any(is_forbidden);
        if fine {
            Ok(Self(normal.into()))
        } else {
            Err(InvalidInterests)
        }
    }

    /// The words, in their normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interest([REDACTED])")
    }
}

/// Up to ten different interests, sorted.
///
/// An empty list allocates nothing, and cloning any list copies no words.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Interests(
    /// `None` if and only if there are none.
    Option<Arc<[Interest]>>,
);

impl Interests {
    /// No interests.
    pub const NONE: Self = Self(None);

    /// The most interests in one list.
    pub const MAX: usize = 10;

    /// Normalises each of `raw` and puts the same ones together.
    ///
    /// Each is trimmed, NFKC-normalised and case-folded. At most ten may be given, equal ones included.
    ///
    /// # Errors
    /// [`InvalidInterests`] if more than ten are given, or if one of them is longer than 32 characters, shows
    /// nothing, or holds a comma, a control or a bidi control character, all after normalising; also if one is
    /// longer than [`Interest::MAX_RAW_BYTES`] before.
    pub fn parse<'a>(raw: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidInterests> {
        let mut interests = Vec::new();
        for raw in raw {
            if interests.len() == Self::MAX {
                return Err(InvalidInterests);
            }
            interests.push(Interest::parse(raw)?);
        }
        if interests.is_empty() {
            return Ok(Self::NONE);
        }
        interests.sort_unstable();
        interests.dedup();
        Ok(Self(Some(interests.into())))
    }

    /// Each interest, in the order of their bytes.
    pub fn iter(&self) -> slice::Iter<'_, Interest> {
        self.as_slice().iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The interests that both lists hold, in order.
    pub fn in_common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Interest> + use<'a> {
        InCommon {
            left: self.as_slice(),
            right: other.as_slice(),
        }
    }

    /// How many interests both lists hold.
    pub fn count_in_common(&self, other: &Self) -> usize {
        self.in_common(other).count()
    }

    fn as_slice(&self) -> &[Interest] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a Interests {
    type Item = &'a Interest;
    type IntoIter = slice::Iter<'a, Interest>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Interests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interests({} of them)", self.len())
    }
}

/// Walks two sorted lists at once.
struct InCommon<'a> {
    left: &'a [Interest],
    right: &'a [Interest],
}

impl<'a> Iterator for InCommon<'a> {
    type Item = &'a Interest;

    fn next(&mut self) -> Option<&'a Interest> {
        while let ([left, left_rest @ ..], [right, right_rest @ ..]) = (self.left, self.right) {
            match left.cmp(right) {
                Ordering::Less => self.left = left_rest,
                Ordering::Greater => self.right = right_rest,
                Ordering::Equal => {
                    (self.left, self.right) = (left_rest, right_rest);
                    return Some(left);
                }
            }
        }
        None
    }
}

/// `raw`, NFKC-normalised, case-folded, normalised again, and trimmed.
fn normalised(raw: &str) -> String {
    if raw.is_ascii() {
        return raw.to_ascii_lowercase();
    }
    let nfkc = ComposingNormalizer::new_nfkc();
    let folded = CaseMapper::new().fold_string(&nfkc.normalize(raw)).into_owned();
    // Folding can take a composed character apart (ΐ), so the normal form has to be made again. And some
    // characters are a space and a mark to NFKC (´), so there may be new white space around the words.
    nfkc.normalize(&folded).trim().to_owned()
}

/// Whether no interest may hold this character: it separates interests, or could disturb the text around it.
fn is_forbidden(character: char) -> bool {
    character == ','
        || character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
