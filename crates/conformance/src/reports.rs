//! The suite of the port `Reports`.

use crate::setup::Setup;
use passerby_application::ports::{Offence, PageCursor, Report, ReportId, Reports};
use passerby_domain::id::{ChatId, Origin, UserId};
use passerby_domain::text::Detail;
use passerby_domain::time::UnixMillis;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;

/// Makes an adapter ready for one case.
pub trait ReportsSetup: Setup<Port: Reports> {
    /// How many reports it keeps, at least 1,000.
    const CAPACITY: usize;

    /// One without reports.
    fn open() -> impl Future<Output = Self> + Send;
}

fn report(number: u64) -> Report {
    let offences = [
        Offence::Harassment,
        Offence::Spam,
        Offence::Underage,
        Offence::Nudity,
        Offence::Illegal,
        Offence::Other,
    ];
    let bits = u128::from(number);
    Report {
        id: ReportId(u64::MAX),
        at: UnixMillis(1_800_000_000_000 + number),
        chat: ChatId::from_bits(bits),
        reporter: UserId::from_bits(bits + 1),
        reported: UserId::from_bits(bits + 2),
        reported_origin: Origin::from_bits(bits + 3),
        offence: offences[usize::try_from(number).unwrap_or_default() % offences.len()],
        detail: number
            .is_multiple_of(2)
            .then(|| Detail::parse("“quoted”\n\\ and more").expect("a detail")),
    }
}

async fn record<S: ReportsSetup>(setup: &S, number: u64) -> ReportId {
    setup
        .port()
        .record(report(number))
        .await
        .expect("a report is recorded")
}

/// All pages from `cursor` on; none has more than `limit` reports, and none but the last has fewer.
async fn turn_pages<S: ReportsSetup>(setup: &S, mut cursor: Option<PageCursor>, limit: usize) -> Vec<Report> {
    let mut reports = Vec::new();
    loop {
        let page = setup.port().page(cursor, limit).await.expect("a page is read");
        assert!(page.reports.len() <= limit);
        reports.extend(page.reports.iter().cloned());
        assert!(reports.len() <= S::CAPACITY, "there is no last page");
        match page.next {
            None => return reports,
            Some(next) => {
                assert_eq!(page.reports.len(), limit, "a page before the last one is full");
                assert_eq!(page.reports.last().map(|report| report.id), Some(next.0));
                cursor = Some(next);
            }
        }
    }
}

/// Every field comes back but the number, which is the adapter's.
pub async fn a_report_is_kept_as_it_was_made_and_gets_a_number<S: ReportsSetup>() {
    let setup = S::open().await;
    for number in 1..=6 {
        let id = record(&setup, number).await;
        assert_ne!(id, ReportId(u64::MAX));
        let expected = Report { id, ..report(number) };
        let kept = turn_pages(&setup, None, 10).await;
        let kept = kept.last().expect("a report");
        assert_eq!(format!("{kept:?}"), format!("{expected:?}"));
        assert_eq!(kept.reported_origin, expected.reported_origin);
        let text = |report: &Report| report.detail.as_ref().map(|detail| detail.as_str().to_owned());
        assert_eq!(text(kept), text(&expected));
    }
}

/// So that order by number is order by age.
pub async fn later_reports_have_greater_numbers<S: ReportsSetup>() {
    let setup = S::open().await;
    let mut last = ReportId(0);
    for number in 0..50 {
        let id = record(&setup, number).await;
        assert!(id > last);
        last = id;
    }
}

/// And it is the last one.
pub async fn without_reports_there_is_one_empty_page<S: ReportsSetup>() {
    let setup = S::open().await;
    let page = setup.port().page(None, 10).await.expect("a page is read");
    assert!(page.reports.is_empty());
    assert_eq!(page.next, None);
}

/// Whatever the size of the pages.
pub async fn pages_go_from_the_oldest_to_the_newest_and_miss_none<S: ReportsSetup>() {
    let setup = S::open().await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(record(&setup, number).await);
    }
    for limit in [1, 7, 10, 30, 31] {
        let seen: Vec<_> = turn_pages(&setup, None, limit)
            .await
            .into_iter()
            .map(|report| report.id)
            .collect();
        assert_eq!(seen, ids, "{limit} a page");
    }
    let rest = turn_pages(&setup, Some(PageCursor(ids[9])), 4).await;
    assert_eq!(rest.first().map(|report| report.id), Some(ids[10]));
}

/// Nothing is seen twice, and nothing is missed.
pub async fn a_report_that_comes_while_somebody_turns_pages_is_on_the_last_one<S: ReportsSetup>() {
    let setup = S::open().await;
    for number in 0..4 {
        record(&setup, number).await;
    }
    let page = setup.port().page(None, 3).await.expect("a page is read");
    let late = record(&setup, 4).await;
    let rest = turn_pages(&setup, page.next, 3).await;
    assert_eq!(rest.len(), 2);
    assert_eq!(rest.last().map(|report| report.id), Some(late));
}

/// It is not an error.
pub async fn a_cursor_beyond_the_end_finds_nothing<S: ReportsSetup>() {
    let setup = S::open().await;
    let last = record(&setup, 0).await;
    for id in [last, ReportId(last.0 + 1_000)] {
        assert!(turn_pages(&setup, Some(PageCursor(id)), 5).await.is_empty());
    }
}

/// So the number of reports is bounded, and none gives way too early.
pub async fn the_newest_are_kept_and_the_oldest_give_way<S: ReportsSetup>() {
    assert!(S::CAPACITY >= 1_000);
    let setup = S::open().await;
    let mut ids = Vec::new();
    for number in 0..S::CAPACITY as u64 + 3 {
        ids.push(record(&setup, number).await);
    }
    let kept = turn_pages(&setup, None, 1_000).await;
    let kept: Vec<_> = kept.into_iter().map(|report| report.id).collect();
    assert!(kept == ids[3..], "{} of {} are kept", kept.len(), ids.len());
}

/// None is lost, and no number is given twice.
pub async fn reports_of_many_threads_are_all_kept_under_numbers_of_their_own<S: ReportsSetup>() {
    let setup = S::open().await;
    let ids = Mutex::new(BTreeSet::new());
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let (setup, ids) = (&setup, &ids);
            threads.spawn(move || {
                for number in 0..25 {
                    let id = S::run(record(setup, thread * 100 + number));
                    ids.lock().expect("no case panicked").insert(id);
                }
            });
        }
    });
    let ids = ids.into_inner().expect("no case panicked");
    let kept: BTreeSet<_> = turn_pages(&setup, None, 9)
        .await
        .into_iter()
        .map(|report| report.id)
        .collect();
    assert_eq!(ids.len(), 100);
    assert_eq!(kept, ids);
}
