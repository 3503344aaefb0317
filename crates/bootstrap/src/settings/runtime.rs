//! Settings of the process: section `runtime`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::text;

/// The most worker threads.
const MAX_WORKER_THREADS: u32 = 1024;

/// Settings of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeSettings {
    /// Threads that serve connections; none stands for one for each processor.
    #[serde(with = "text")]
    pub worker_threads: Option<NonZeroU32>,
}

impl RuntimeSettings {
    pub(super) fn check(&self, problems: &mut Problems) {
        let threads = self.worker_threads.map_or(0, NonZeroU32::get);
        problems.require_range("runtime.worker_threads", threads, 0..=MAX_WORKER_THREADS);
    }
}
