//! Reports, page by page.

use super::Api;
use super::answer::{self, Answer};
use super::problem::Problem;
use super::words::Reason;
use passerby_application::ports::{Page, PageCursor, Ports, Report, ReportId};
use serde::Serialize;

/// How many reports a page has unless the request says so.
const DEFAULT_LIMIT: usize = 100;

/// How many it has at most.
const MAX_LIMIT: usize = 500;

/// A report, as it is told.
#[derive(Serialize)]
struct ReportView {
    id: String,
    at: u64,
    chat_id: String,
    reporter: String,
    reported: String,
    reported_origin: String,
    reason: Reason,
    detail: Option<String>,
}

#[derive(Serialize)]
struct PageView {
    reports: Vec<ReportView>,
    next: Option<String>,
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            id: report.id.0.to_string(),
            at: report.at.0,
            chat_id: report.chat.to_string(),
            reporter: report.reporter.to_string(),
            reported: report.reported.to_string(),
            reported_origin: report.reported_origin.to_operator_text(),
            reason: report.offence.into(),
            detail: report.detail.map(|detail| detail.as_str().to_owned()),
        }
    }
}

impl From<Page> for PageView {
    fn from(page: Page) -> Self {
        Self {
            reports: page.reports.into_iter().map(ReportView::from).collect(),
            next: page.next.map(|PageCursor(ReportId(id))| id.to_string()),
        }
    }
}

/// Which page is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    cursor: Option<PageCursor>,
    limit: usize,
}

impl Wanted {
    /// Reads a query. A member without a value is as good as absent.
    fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let (mut cursor, mut limit) = (None, None);
        for member in query
            .unwrap_or_default()
            .split('&')
            .filter(|member| !member.is_empty())
        {
            let (name, value) = member.split_once('=').unwrap_or((member, ""));
            let place = match name {
                "cursor" => &mut cursor,
                "limit" => &mut limit,
                _ => return Err(Problem::BadQuery),
            };
            if place.replace(value).is_some() {
                return Err(Problem::BadQuery);
            }
        }
        let cursor = match cursor.unwrap_or_default() {
            "" => None,
            id => Some(PageCursor(ReportId(number(id)?))),
        };
        let limit = match limit.unwrap_or_default() {
            "" => DEFAULT_LIMIT,
            limit => match usize::try_from(number(limit)?) {
                Ok(limit @ 1..=MAX_LIMIT) => limit,
                _ => return Err(Problem::BadQuery),
            },
        };
        Ok(Self { cursor, limit })
    }
}

fn number(text: &str) -> Result<u64, Problem> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::BadQuery);
    }
    text.parse().map_err(|_| Problem::BadQuery)
}

impl<P: Ports> Api<P> {
    /// Some reports, oldest first.
    pub(super) async fn reports(&self, query: Option<&str>) -> Result<Answer, Problem> {
        let Wanted { cursor, limit } = Wanted::parse(query)?;
        let page = self
            .state
            .chat
            .reports(cursor, limit)
            .await
            .map_err(|error| Problem::store(&error))?;
        Ok(answer::ok(answer::json(&PageView::from(page))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_by_cursor_and_limit_in_any_order() {
        let wanted = |cursor: Option<u64>, limit| {
            Ok(Wanted {
                cursor: cursor.map(|id| PageCursor(ReportId(id))),
                limit,
            })
        };
        assert_eq!(Wanted::parse(None), wanted(None, 100));
        assert_eq!(Wanted::parse(Some("cursor=")), wanted(None, 100));
        assert_eq!(Wanted::parse(Some("limit=2&cursor=17")), wanted(Some(17), 2));
        assert_eq!(Wanted::parse(Some("limit=500")), wanted(None, 500));
    }

    #[test]
    fn any_other_query_is_refused() {
        for query in [
            "cursor=x",
            "cursor=-1",
            "cursor=+1",
            "cursor=99999999999999999999",
            "limit=0",
            "limit=501",
            "limit=1&limit=2",
            "page=2",
            "token=secret",
        ] {
            assert_eq!(Wanted::parse(Some(query)), Err(Problem::BadQuery), "{query}");
        }
    }
}
