//! The language somebody would like to talk in.
//!
//! **Architecture Invariant:** only the primary language subtag is kept, because only it is ever compared:
//! whoever speaks `en-GB` is understood by whoever speaks `en-US`.

use std::fmt;

use oxilangtag::LanguageTag;

/// A text is not a language tag, or names no language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a language tag")]
pub struct InvalidLanguage;

/// The primary language subtag of a BCP 47 tag, in lower case: 2 to 8 letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(
    /// The letters, and zeros after them.
    [u8; 8],
);

impl Language {
    /// The longest tag that is looked at, in bytes. RFC 5646 asks for room for 35.
    pub const MAX_TAG_BYTES: usize = 64;

    /// The primary language of a well-formed BCP 47 tag, in whatever case it is written.
    ///
    /// Old registered tags that begin with a language count as that language (`zh-min-nan` is `zh`, `en-GB-oed`
    /// is `en`).
    ///
    /// # Errors
    /// [`InvalidLanguage`] if the tag is not well-formed, is longer than 64 bytes, or has no primary language:
    /// private use alone (`x-foo`) and the old `i-` tags (`i-klingon`).
    pub fn parse(tag: &str) -> Result<Self, InvalidLanguage> {
        if tag.len() > Self::MAX_TAG_BYTES {
            return Err(InvalidLanguage);
        }
        let tag = LanguageTag::parse(tag).map_err(|_| InvalidLanguage)?;
        // For an old registered tag the parser calls the whole tag its primary language.
        let primary = tag
            .primary_language()
            .split('-')
            .next()
            .unwrap_or_default()
            .as_bytes();
        if !(2..=8).contains(&primary.len()) || !primary.iter().all(u8::is_ascii_alphabetic) {
            return Err(InvalidLanguage);
        }
        let mut letters = [0; 8];
        for (place, letter) in letters.iter_mut().zip(primary) {
            *place = letter.to_ascii_lowercase();
        }
        Ok(Self(letters))
    }

    /// The subtag.
    pub fn as_str(&self) -> &str {
        let end = self
            .0
            .iter()
            .position(|&letter| letter == 0)
            .unwrap_or(self.0.len());
        // The letters are ASCII, so the default is never taken.
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(tag: &str) -> Option<String> {
        Language::parse(tag).ok().map(|language| language.to_string())
    }

    #[test]
    fn only_the_primary_subtag_counts_and_case_does_not() {
        for (tag, language) in [
            ("en", "en"),
            ("EN", "en"),
            ("en-US", "en"),
            ("en-gb", "en"),
            ("zh-Hant-TW", "zh"),
            ("zh-yue-HK", "zh"),
            ("gsw", "gsw"),
            ("sl-rozaj-biske-1994", "sl"),
            ("de-DE-u-co-phonebk", "de"),
            ("es-419", "es"),
            ("pt-BR-x-home", "pt"),
            ("abcdefgh", "abcdefgh"),
            ("zh-min-nan", "zh"),
            ("en-GB-oed", "en"),
        ] {
            assert_eq!(parsed(tag).as_deref(), Some(language), "{tag}");
        }
    }

    #[test]
    fn what_names_no_language_is_refused() {
        for tag in [
            "",
            "e",
            "123",
            "x-foo",
            "X-FOO",
            "i-klingon",
            "en_US",
            "en-",
            "-en",
            "en--US",
            " en",
            "en ",
            "é",
            "en-é",
            "abcdefghi",
            "e1",
            "en-\0",
            "*",
            "en-u",
        ] {
            assert_eq!(parsed(tag), None, "{tag}");
        }
    }

    #[test]
    fn a_tag_longer_than_64_bytes_is_refused() {
        let longest = format!("en-x-{}-abcde", ["abcdefgh"; 6].join("-"));
        assert_eq!(longest.len(), 64);
        assert_eq!(parsed(&longest).as_deref(), Some("en"));
        assert_eq!(parsed(&format!("{longest}f")), None);
    }

    #[test]
    fn it_takes_8_bytes() {
        assert_eq!(size_of::<Language>(), 8);
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_a_language_is_its_own_tag(tag in "[a-zA-Z0-9-]{0,20}|\\PC{0,20}") {
            if let Ok(language) = Language::parse(&tag) {
                prop_assert_eq!(Language::parse(language.as_str()), Ok(language));
                prop_assert!(tag.to_ascii_lowercase().starts_with(language.as_str()));
            }
        }
    }
}
