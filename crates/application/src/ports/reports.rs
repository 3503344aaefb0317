//! Reports that users make of each other, for operators to read.

use super::StoreError;
use async_trait::async_trait;
use passerby_domain::id::{ChatId, Origin, UserId};
use passerby_domain::text::Detail;
use passerby_domain::time::UnixMillis;

/// What somebody did, in the words of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offence {
    /// Advertising, or the same text to everybody.
    Spam,
    /// Threats or insults.
    Harassment,
    /// A minor.
    Underage,
    /// Nudity where it is not wanted.
    Nudity,
    /// Something the law forbids.
    Illegal,
    /// Anything else.
    Other,
}

/// The number of a report; later reports have greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportId(pub u64);

/// One report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its number; whatever the caller put here is replaced when it is recorded.
    pub id: ReportId,
    /// When it was made.
    pub at: UnixMillis,
    /// The chat it is about.
    pub chat: ChatId,
    /// Who made it.
    pub reporter: UserId,
    /// Whom it is about.
    pub reported: UserId,
    /// What to ban, should it come to that.
    pub reported_origin: Origin,
    /// What they did.
    pub offence: Offence,
    /// What the reporter added.
    pub detail: Option<Detail>,
}

/// Where a listing goes on: after this report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCursor(pub ReportId);

/// Some reports, oldest first, and where the next ones are.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The reports.
    pub reports: Vec<Report>,
    /// Where to go on; `None` at the end.
    pub next: Option<PageCursor>,
}

/// Keeps reports, within a bound of the adapter's own, 1,000 at least: the oldest give way.
///
/// Calls may be under way side by side, from any thread; each is as if it were alone. A user can record as often as the limit
/// on commands lets them, so an adapter that is slow slows the one who reports, and nobody else: no lock of the node is held
/// meanwhile. What a user writes into a report may name people: an adapter that writes it anywhere seals it.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Reports: Send + Sync + 'static {
    /// Records a report and gives it its number. Called when a user reports their partner, who learns nothing of it.
    ///
    /// When the future is dropped, which happens if the user is gone meanwhile, the report may have been recorded.
    ///
    /// # Errors
    /// [`StoreError`]; the report may have been recorded after [`StoreError::Timeout`].
    async fn record(&self, report: Report) -> Result<ReportId, StoreError>;

    /// Up to `limit` reports after `cursor`, oldest first. Called when an operator reads them. Reports that give way between
    /// two pages are missed, and no others. Dropping the future changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn page(&self, cursor: Option<PageCursor>, limit: usize) -> Result<Page, StoreError>;
}
