//! Reports in a list.

use crate::ports::{Page, PageCursor, Report, ReportId, Reports, StoreError};
use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps the newest reports in a list.
#[derive(Debug, Default)]
pub struct ListedReports(Mutex<Vec<Report>>);

impl ListedReports {
    /// The most reports that are kept.
    pub const CAPACITY: usize = 1_000;

    /// All reports that are kept, oldest first.
    pub fn all(&self) -> Vec<Report> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Reports for ListedReports {
    async fn record(&self, mut report: Report) -> Result<ReportId, StoreError> {
        let mut reports = self.lock();
        report.id = ReportId(reports.last().map_or(0, |last| last.id.0) + 1);
        let id = report.id;
        if reports.len() == Self::CAPACITY {
            reports.remove(0);
        }
        reports.push(report);
        Ok(id)
    }

    async fn page(&self, cursor: Option<PageCursor>, limit: usize) -> Result<Page, StoreError> {
        let reports = self.lock();
        let mut rest = reports
            .iter()
            .filter(|report| cursor.is_none_or(|PageCursor(after)| report.id > after));
        let page: Vec<Report> = rest.by_ref().take(limit).cloned().collect();
        let next = page
            .last()
            .filter(|_| rest.next().is_some())
            .map(|last| PageCursor(last.id));
        Ok(Page { reports: page, next })
    }
}
