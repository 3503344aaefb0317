//! Reports, in a stream.
//!
//! **Architecture Invariants.** At most [`RedisReports::CAPACITY`] are kept; the oldest give way. A report is sealed as a
//! whole: whoever sees Redis sees how many there are, and nothing of who said what of whom. One that this node's secrets
//! do not open is left out.

mod record;

use crate::client;
use crate::connection::{Failure, Redis, Script};
use crate::keys::Key;
use crate::seal::Sealer;
use async_trait::async_trait;
use passerby_application::ports::{Page, PageCursor, Report, ReportId, Reports, StoreError};
use std::fmt;

/// What every report is sealed with.
const ASSOCIATED: &[u8] = b"report";
/// The most entries of the stream that are read in one go.
const LARGEST_PAGE: usize = 1_000;

/// Keeps the newest reports of all nodes.
pub struct RedisReports {
    redis: Redis,
    sealer: Sealer,
    record: Script,
    key: Key,
}

impl RedisReports {
    /// The most reports that are kept.
    pub const CAPACITY: usize = 10_000;
    /// What the sealer of reports is made for.
    pub const CONTEXT: &'static str = "passerby reports";

    /// The reports in `redis`, sealed by `sealer`.
    pub fn new(redis: Redis, sealer: Sealer) -> Self {
        Self {
            key: redis.keys().moderation("reports"),
            record: Script::new(include_str!("reports/record.lua")),
            redis,
            sealer,
        }
    }

    fn read(&self, id: ReportId, sealed: &[u8]) -> Option<Report> {
        let plain = self.sealer.open(ASSOCIATED, sealed);
        let report = plain.ok().and_then(|plain| record::read(id, &plain));
        if report.is_none() {
            tracing::warn!(
                report = id.0,
                "a report cannot be opened with the secrets of this node"
            );
        }
        report
    }
}

#[async_trait]
impl Reports for RedisReports {
    async fn record(&self, report: Report) -> Result<ReportId, StoreError> {
        let sealed = self.sealer.seal(ASSOCIATED, &record::write(&report));
        let number: u64 = self
            .redis
            .pooled_script(&self.record, &[&self.key], (sealed, Self::CAPACITY))
            .await?;
        Ok(ReportId(number))
    }

    async fn page(&self, cursor: Option<PageCursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.min(LARGEST_PAGE);
        let from = match cursor {
            Some(PageCursor(id)) => format!("({}-0", id.0),
            None => "-".to_owned(),
        };
        // One more than is wanted tells whether there are more.
        let mut question = client::cmd("XRANGE");
        question
            .arg(self.key.as_str())
            .arg(from)
            .arg("+")
            .arg("COUNT")
            .arg(limit + 1);
        let entries: Vec<(String, Vec<(String, Vec<u8>)>)> =
            self.redis.pooled_command(&self.key, &question).await?;
        let is_end = entries.len() <= limit;
        let mut page = Page::default();
        let mut last = None;
        for (number, fields) in entries.into_iter().take(limit) {
            let number = number.strip_suffix("-0").and_then(|number| number.parse().ok());
            let id = ReportId(number.ok_or_else(Failure::shape)?);
            let (_, sealed) = fields.into_iter().next().ok_or_else(Failure::shape)?;
            page.reports.extend(self.read(id, &sealed));
            last = Some(PageCursor(id));
        }
        page.next = if is_end { None } else { last.or(cursor) };
        Ok(page)
    }
}

impl fmt::Debug for RedisReports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReports").finish_non_exhaustive()
    }
}
