//! The layers of the settings: embedded defaults, a file, the environment.
//!
//! **Architecture Invariants.** `default.toml` holds every key there is, so it alone decides which keys are known.
//! The layers know nothing of what a value means.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use config::{Config, Environment, File, FileFormat, Map};
use toml::{Table, Value};

use super::SettingsError;
use super::problem::Problems;

/// The defaults, with a comment on each key.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// What the name of every variable begins with.
const PREFIX: &str = "PASSERBY";

/// What stands between the parts of the name of a variable.
const SEPARATOR: &str = "__";

/// The variables of this process; the one place that reads them.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read here and nowhere else"
)]
pub(super) fn environment() -> BTreeMap<OsString, OsString> {
    std::env::vars_os().collect()
}

/// The layers, each without what is not a known key.
pub(super) struct Layers {
    file: String,
    environment: Map<String, String>,
    /// Keys whose value is at fault and that are read from the defaults instead, so that further faults show too.
    dropped: BTreeSet<String>,
}

impl Layers {
    /// Reads the layers; what is not a known key becomes a problem.
    pub(super) fn read(
        file: Option<&Path>,
        environment: BTreeMap<OsString, OsString>,
        problems: &mut Problems,
    ) -> Result<Self, SettingsError> {
        let known = Known::read()?;
        let mut table = match file {
            Some(path) => parse(path)?,
            None => Table::new(),
        };
        known.sift(&mut table, "", problems);
        let environment = known.sift_variables(environment, problems);
        Ok(Self {
            file: table.to_string(),
            environment,
            dropped: BTreeSet::new(),
        })
    }

    /// Reads `key` from the defaults from here on; false when it was read from there already.
    pub(super) fn drop_key(&mut self, key: &str) -> bool {
        self.dropped.insert(key.to_owned())
    }

    /// All layers as one.
    pub(super) fn merge(&self) -> Result<Config, config::ConfigError> {
        let defaults = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .build()?;
        let variables = Environment::with_prefix(PREFIX)
            .prefix_separator(SEPARATOR)
            .separator(SEPARATOR)
            .source(Some(self.environment.clone()));
        let mut builder = Config::builder()
            .add_source(defaults.clone())
            .add_source(File::from_str(&self.file, FileFormat::Toml))
            .add_source(variables);
        for key in &self.dropped {
            builder = builder.set_override(key, defaults.get::<config::Value>(key)?)?;
        }
        builder.build()
    }
}

fn parse(path: &Path) -> Result<Table, SettingsError> {
    let unreadable = |source| SettingsError::File {
        path: path.to_owned(),
        source,
    };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    text.parse().map_err(|error: toml::de::Error| {
        // The parser's whole report quotes the line, and there may be a secret in it.
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        SettingsError::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            why: error.message().to_owned(),
        }
    })
}

/// The known keys: each one that `default.toml` holds, in full.
struct Known(BTreeSet<String>);

impl Known {
    fn read() -> Result<Self, SettingsError> {
        let defaults: Table = DEFAULTS.parse().map_err(|_| SettingsError::Defaults)?;
        let mut keys = BTreeSet::new();
        collect_keys(&defaults, "", &mut keys);
        Ok(Self(keys))
    }

    fn is_section(&self, key: &str) -> bool {
        self.0
            .iter()
            .any(|known| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
    }

    /// Takes out of a table whatever is not a known key.
    fn sift(&self, table: &mut Table, prefix: &str, problems: &mut Problems) {
        table.retain(|name, value| {
            let key = join(prefix, name);
            if self.0.contains(&key) {
                return true;
            }
            if !self.is_section(&key) {
                problems.add(key.as_str(), self.unknown(&key));
                return false;
            }
            match value {
                Value::Table(section) => self.sift(section, &key, problems),
                _ => problems.add(key, "expected a section, not a value"),
            }
            value.is_table()
        });
    }

    /// Keeps the variables of the service that set a known key.
    fn sift_variables(
        &self,
        environment: BTreeMap<OsString, OsString>,
        problems: &mut Problems,
    ) -> Map<String, String> {
        let mut kept = Map::new();
        let mut seen = BTreeSet::new();
        for (name, value) in environment {
            let name = name.to_string_lossy().into_owned();
            let start = format!("{PREFIX}{SEPARATOR}").to_lowercase();
            let lower = name.to_lowercase();
            let Some(key) = lower.strip_prefix(&start).map(|key| key.replace(SEPARATOR, ".")) else {
                continue;
            };
            if !self.0.contains(&key) {
                let why = format!("{} (it comes from the variable {name})", self.unknown(&key));
                problems.add(key, why);
            } else if !seen.insert(key.clone()) {
                // Variables may be written in small letters, so two can mean one key, and neither is the later one.
                problems.add(key, format!("set by two variables, one of them {name}"));
            } else if let Ok(value) = value.into_string() {
                kept.insert(name, value);
            } else {
                problems.add(key, "the variable is not UTF-8 text");
            }
        }
        kept
    }

    /// Why `key` is refused, with the names that would have been right in its place.
    fn unknown(&self, key: &str) -> String {
        if self.is_section(key) {
            return "expected a key of this section".to_owned();
        }
        let section = key.rsplit_once('.').map_or("", |(section, _)| section);
        let names: BTreeSet<&str> = self
            .0
            .iter()
            .filter_map(|known| match section {
                "" => Some(known.as_str()),
                _ => known.strip_prefix(section)?.strip_prefix('.'),
            })
            .filter_map(|rest| rest.split('.').next())
            .collect();
        if names.is_empty() {
            return "unknown key".to_owned();
        }
        let names: Vec<&str> = names.into_iter().collect();
        format!("unknown key, expected one of {}", names.join(", "))
    }
}

fn collect_keys(table: &Table, prefix: &str, keys: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = join(prefix, name);
        match value {
            Value::Table(section) => collect_keys(section, &key, keys),
            _ => drop(keys.insert(key)),
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}
