//! Whom a person wants to meet: interests, language and mode, and who fits whom.
//!
//! **Architecture Invariants.** This is the one statement of the rule of fitting; a store may index it in its
//! own way but answers as [`fit`] does. Interests are people's own words, so their `Debug` shows none.

mod fit;
mod interests;
mod language;

pub use fit::{Openness, Patience, Stance, Wish, fit, shared_language};
pub use interests::{Interest, Interests, InvalidInterests};
pub use language::{InvalidLanguage, Language};

/// What a person asks of a partner. The default asks for nothing but a text chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// What they would like to talk about.
    pub interests: Interests,
    /// The language they would like to talk in; `None` is any.
    pub language: Option<Language>,
    /// What kind of chat they want.
    pub mode: Mode,
}

/// A text is not the name of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mode is text or video")]
pub struct InvalidMode;

/// The kind of a chat. Nobody is paired across kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Written messages only.
    #[default]
    Text,
    /// Written messages, and signalling for a video call.
    Video,
}

impl Mode {
    /// The mode called `text` or `video`, in exactly these letters.
    ///
    /// # Errors
    /// [`InvalidMode`] otherwise.
    pub fn parse(name: &str) -> Result<Self, InvalidMode> {
        match name {
            "text" => Ok(Self::Text),
            "video" => Ok(Self::Video),
            _ => Err(InvalidMode),
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Video => "video",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_called_by_its_exact_name() {
        for mode in [Mode::Text, Mode::Video] {
            assert_eq!(Mode::parse(mode.as_str()), Ok(mode));
        }
        for name in ["", "TEXT", "Video", "audio", " text", "text "] {
            assert_eq!(Mode::parse(name), Err(InvalidMode), "{name}");
        }
    }

    #[test]
    fn whoever_asks_for_nothing_gets_a_text_chat_with_anybody() {
        let asks_nothing = Criteria::default();
        assert_eq!(asks_nothing.mode, Mode::Text);
        assert_eq!(asks_nothing.language, None);
        assert!(asks_nothing.interests.is_empty());
    }
}
