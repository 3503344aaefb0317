//! Reports, in a ring.
//!
//! **Architecture Invariant:** at most [`MemoryReports::CAPACITY`] are kept; the oldest give way.

use async_trait::async_trait;
use passerby_application::ports::{Page, PageCursor, Report, ReportId, Reports, StoreError};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Keeps the newest reports of this process.
#[derive(Debug, Default)]
pub struct MemoryReports {
    ring: Mutex<Ring>,
}

/// Reports with consecutive numbers, oldest first.
#[derive(Debug, Default)]
struct Ring {
    reports: VecDeque<Report>,
    last: u64,
}

impl MemoryReports {
    /// The most reports that are kept.
    pub const CAPACITY: usize = 10_000;

    /// No reports.
    pub fn new() -> Self {
        Self::default()
    }

    fn with_ring<T>(&self, work: impl FnOnce(&mut Ring) -> T) -> T {
        work(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ring {
    fn record(&mut self, report: Report) -> ReportId {
        if self.reports.len() == MemoryReports::CAPACITY {
            self.reports.pop_front();
        }
        self.last += 1;
        let id = ReportId(self.last);
        self.reports.push_back(Report { id, ..report });
        id
    }

    fn page(&self, cursor: Option<PageCursor>, limit: usize) -> Page {
        let after = cursor.map_or(ReportId(0), |PageCursor(id)| id);
        let first = self.reports.partition_point(|report| report.id <= after);
        let reports: Vec<_> = self.reports.range(first..).take(limit).cloned().collect();
        let last = reports.last().map_or(after, |report| report.id);
        let is_end = first + reports.len() == self.reports.len();
        Page {
            reports,
            next: (!is_end).then_some(PageCursor(last)),
        }
    }
}

#[async_trait]
impl Reports for MemoryReports {
    async fn record(&self, report: Report) -> Result<ReportId, StoreError> {
        Ok(self.with_ring(|ring| ring.record(report)))
    }

    async fn page(&self, cursor: Option<PageCursor>, limit: usize) -> Result<Page, StoreError> {
        Ok(self.with_ring(|ring| ring.page(cursor, limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_application::ports::Offence;
    use passerby_domain::id::{ChatId, Origin, UserId};
    use passerby_domain::time::UnixMillis;

    fn report() -> Report {
        Report {
            id: ReportId(0),
            at: UnixMillis(1),
            chat: ChatId::from_bits(1),
            reporter: UserId::from_bits(1),
            reported: UserId::from_bits(2),
            reported_origin: Origin::from_bits(3),
            offence: Offence::Spam,
            detail: None,
        }
    }

    #[test]
    fn the_oldest_report_gives_way_to_the_newest() {
        let mut ring = Ring::default();
        for _ in 0..=MemoryReports::CAPACITY {
            ring.record(report());
        }
        assert_eq!(ring.reports.len(), MemoryReports::CAPACITY);
        assert_eq!(ring.page(None, 1).reports[0].id, ReportId(2));
    }

    #[test]
    fn a_cursor_whose_report_gave_way_goes_on_with_the_oldest() {
        let mut ring = Ring::default();
        for _ in 0..MemoryReports::CAPACITY + 5 {
            ring.record(report());
        }
        assert_eq!(
            ring.page(Some(PageCursor(ReportId(3))), 1).reports[0].id,
            ReportId(6)
        );
        assert_eq!(ring.page(Some(PageCursor(ReportId(u64::MAX))), 1).next, None);
    }
}
