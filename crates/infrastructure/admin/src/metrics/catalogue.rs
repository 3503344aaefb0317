//! The list of all series.
//!
//! **Architecture Invariant:** no two series share a name, and what is counted elsewhere says whose it is.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text;
use prometheus_client::registry::{Metric, Registry};
use std::collections::BTreeSet;
use std::fmt;

/// Why a source is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceRefused {
    /// The name is not `passerby_` and some of `a-z 0-9 _`, or ends in `_total`.
    #[error("not a name of a series")]
    InvalidName,
    /// Another series has that name.
    #[error("the name of the series is taken")]
    NameTaken,
}

/// All series, each under its own name.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    registry: Registry,
    names: BTreeSet<&'static str>,
}

impl Catalogue {
    /// Adds a series of this crate's own.
    pub(super) fn add(&mut self, name: &'static str, help: &'static str, series: impl Metric) {
        self.names.insert(name);
        self.registry.register(name, help, series);
    }

    /// Adds a series that is counted elsewhere.
    pub(super) fn add_source(
        &mut self,
        name: &'static str,
        help: &'static str,
        source: impl Metric,
    ) -> Result<(), SourceRefused> {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let rest = name.strip_prefix("passerby_").unwrap_or_default();
        if rest.is_empty() || !rest.bytes().all(fine) || rest.ends_with("_total") {
            return Err(SourceRefused::InvalidName);
        }
        if self.names.contains(name) {
            return Err(SourceRefused::NameTaken);
        }
        self.add(name, help, source);
        Ok(())
    }

    /// Adds series that are made up when they are asked for.
    pub(super) fn add_collector(&mut self, collector: impl Collector) {
        self.registry.register_collector(Box::new(collector));
    }

    /// All series in the library's text format.
    pub(super) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(16 * 1024);
        text::encode_registry(&mut text, &self.registry)?;
        Ok(text)
    }
}
