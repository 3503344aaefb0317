//! The query of `/ws`: how one would like to come in.
//!
//! **Architecture Invariants.** An error names a parameter and never its value. `Debug` of a query shows
//! neither interests nor the resume token. Values get their meaning elsewhere: an interest, a language and a
//! token are only text here.

use std::fmt;

use crate::limits::{MAX_INTERESTS, MAX_SEQ, RESUME_BYTES};
use crate::words::Mode;

mod form;

/// What the query says, defaults filled in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConnectQuery {
    /// Whether to enter the queue at once.
    pub join: JoinMode,
    /// Up to [`MAX_INTERESTS`] interests as written: neither normalised nor checked. One may be empty, which
    /// is for whoever checks them to refuse.
    pub interests: Vec<String>,
    /// A language tag as written; not yet checked.
    pub language: Option<String>,
    /// Text or video.
    pub mode: Option<Mode>,
    /// A resume token, up to [`RESUME_BYTES`] bytes; not yet checked.
    pub resume: Option<String>,
    /// The highest event number the client has processed, up to [`MAX_SEQ`]; 0 for none.
    pub last_seq: u64,
}

impl fmt::Debug for ConnectQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectQuery")
            .field("join", &self.join)
            .field("mode", &self.mode)
            .field("last_seq", &self.last_seq)
            .finish_non_exhaustive()
    }
}

/// What becomes of a user who has just come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinMode {
    /// They enter the queue at once.
    #[default]
    Auto,
    /// They stay idle until a `join` command.
    Manual,
}

/// A parameter of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// `join`.
    Join,
    /// `interests`.
    Interests,
    /// `language`.
    Language,
    /// `mode`.
    Mode,
    /// `resume`.
    Resume,
    /// `last_seq`.
    LastSeq,
}

impl Parameter {
    /// Every parameter.
    pub const ALL: [Self; 6] = [
        Self::Join,
        Self::Interests,
        Self::Language,
        Self::Mode,
        Self::Resume,
        Self::LastSeq,
    ];

    /// The name in the query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Interests => "interests",
            Self::Language => "language",
            Self::Mode => "mode",
            Self::Resume => "resume",
            Self::LastSeq => "last_seq",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.as_str() == name)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a query was refused. `Display` is a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// The value is not form data, not UTF-8, or has control characters in it.
    Encoding(Parameter),
    /// The parameter comes twice, so nobody can say which value is meant.
    Repeated(Parameter),
    /// The value is none that the parameter may have.
    Invalid(Parameter),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding(parameter) => write!(f, "the parameter {parameter} is not properly encoded"),
            Self::Repeated(parameter) => write!(f, "the parameter {parameter} is given twice"),
            Self::Invalid(parameter) => {
                write!(f, "the parameter {parameter} has a value that is not allowed")
            }
        }
    }
}

impl std::error::Error for QueryError {}

/// Reads the part of the request target behind the question mark, if there is one.
///
/// Parameters that the protocol does not know are ignored, however they are written.
pub fn parse_query(query: Option<&str>) -> Result<ConnectQuery, QueryError> {
    let mut read = ConnectQuery::default();
    let mut seen = [false; Parameter::ALL.len()];
    for pair in query.unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(parameter) = form::decode(name).and_then(|name| Parameter::parse(&name)) else {
            continue;
        };
        if std::mem::replace(&mut seen[parameter as usize], true) {
            return Err(QueryError::Repeated(parameter));
        }
        let value = form::decode(value).ok_or(QueryError::Encoding(parameter))?;
        read.set(parameter, value).ok_or(QueryError::Invalid(parameter))?;
    }
    Ok(read)
}

impl ConnectQuery {
    /// Gives one parameter its value; `None` where it may not have it.
    fn set(&mut self, parameter: Parameter, value: String) -> Option<()> {
        match parameter {
            Parameter::Join => self.join = join_mode(&value)?,
            Parameter::Interests => self.interests = interests(&value)?,
            Parameter::Language => self.language = Some(value),
            Parameter::Mode => self.mode = Some(Mode::parse(&value)?),
            Parameter::Resume => self.resume = Some(resume_token(value)?),
            Parameter::LastSeq => self.last_seq = last_seq(&value)?,
        }
        Some(())
    }
}

fn join_mode(value: &str) -> Option<JoinMode> {
    match value {
        "auto" => Some(JoinMode::Auto),
        "manual" => Some(JoinMode::Manual),
        _ => None,
    }
}

fn interests(value: &str) -> Option<Vec<String>> {
    if value.is_empty() {
        return Some(Vec::new());
    }
    let interests: Vec<_> = value
        .split(',')
        .take(MAX_INTERESTS + 1)
        .map(String::from)
        .collect();
    (interests.len() <= MAX_INTERESTS).then_some(interests)
}

fn resume_token(value: String) -> Option<String> {
    (value.len() <= RESUME_BYTES).then_some(value)
}

fn last_seq(value: &str) -> Option<u64> {
    // `u64::from_str` lets a plus sign pass.
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| value.parse().ok())
        .flatten()
        .filter(|seq| *seq <= MAX_SEQ)
}

#[cfg(test)]
mod tests;
