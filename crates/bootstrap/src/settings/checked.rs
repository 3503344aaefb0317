//! Settings that were found to be in order.

use std::ops::Deref;

use super::{Problem, Settings};

/// Settings of which everything was checked, and whose secrets were read from their files.
///
/// They come from [`Settings::check`] and [`Settings::load`] alone, and are read as [`Settings`] are.
#[derive(Clone, Debug)]
pub struct CheckedSettings(Settings);

impl CheckedSettings {
    /// To be called with what was checked.
    pub(super) fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Deref for CheckedSettings {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.0
    }
}

/// Why settings are not in order: values that cannot be, or that cannot work together, and files that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings are not valid: {}", told(problems))]
pub struct InvalidSettings {
    problems: Vec<Problem>,
}

impl InvalidSettings {
    /// To be called with at least one.
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// What is wrong, all of it, by key; at least one problem, and no key twice.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn told(problems: &[Problem]) -> String {
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    told.join("; ")
}
