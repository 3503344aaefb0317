//! Values that programs make by hand, from the texts that settings files have for them.

use std::str::FromStr;

use super::text::{Text, Wrong};
use super::{HostName, IceUrl, LogLevel, RedisUrl, WebOrigin};

/// Why a text is no value of its kind: what was expected, without what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnfitText(Wrong);

macro_rules! made_from_text {
    ($($kind:ty),*) => {$(
        impl FromStr for $kind {
            type Err = UnfitText;

            /// Takes what the setting takes in a file.
            fn from_str(text: &str) -> Result<Self, UnfitText> {
                Self::read(text).map_err(UnfitText)
            }
        }
    )*};
}

made_from_text!(HostName, IceUrl, LogLevel, RedisUrl, WebOrigin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_made_by_hand_is_held_to_the_words_of_its_setting() {
        assert_eq!(
            "chat.example".parse::<HostName>().unwrap().as_str(),
            "chat.example"
        );
        let unfit = "stranger:80".parse::<HostName>().unwrap_err();
        assert!(!unfit.to_string().contains("stranger"), "{unfit}");
        let canary = "redis://anna:canary@redis.example/x"
            .parse::<RedisUrl>()
            .unwrap_err();
        assert!(!format!("{canary} {canary:?}").contains("canary"));
    }
}
