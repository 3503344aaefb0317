//! Settings of the log: section `log`.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::text::{self, Text, Wrong};

/// Settings of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// What is logged.
    #[serde(with = "text")]
    pub level: LogLevel,
    /// How it is written.
    #[serde(with = "text")]
    pub format: LogFormat,
}

/// A level, or a filter with a level for each target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevel(String);

impl LogLevel {
    /// The filter in the syntax of `RUST_LOG`; [`EnvFilter`] takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogLevel {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl Text for LogLevel {
    fn read(text: &str) -> Result<Self, Wrong> {
        const FORM: Wrong = "expected off, error, warn, info, debug or trace, or a filter such as info,passerby_websocket=debug";
        // A word alone would be taken for the name of a target, and a typing error would silence the whole log.
        let known = |word: &str| {
            let words = ["off", "error", "warn", "info", "debug", "trace"];
            word.contains(['=', '[']) || words.iter().any(|known| known.eq_ignore_ascii_case(word))
        };
        if !text.split(',').all(|part| known(part.trim())) || EnvFilter::builder().parse(text).is_err() {
            return Err(FORM);
        }
        Ok(Self(text.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Text for LogFormat {
    fn read(text: &str) -> Result<Self, Wrong> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("expected auto, text or json"),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_word_or_a_filter() {
        for text in [
            "info",
            "DEBUG",
            "off",
            "warn,passerby_websocket=debug",
            "passerby_admin=trace,error",
        ] {
            assert!(LogLevel::read(text).is_ok(), "{text}");
        }
        for text in ["", "inof", "loud", "info,", "info,passerby_websocket=loud", "5"] {
            assert!(LogLevel::read(text).is_err(), "{text}");
        }
    }
}
