//! The suite of `reports`, and that nobody who sees Redis reads one.

use crate::stage::{Alone, run};
use passerby_application::ports::{Offence, Report, ReportId, Reports as _};
use passerby_conformance::Setup;
use passerby_conformance::reports::ReportsSetup;
use passerby_domain::id::{ChatId, Incarnation, Origin, UserId};
use passerby_domain::text::Detail;
use passerby_domain::time::UnixMillis;
use passerby_redis::RedisReports;
use passerby_redis::seal::{Sealer, Secrets};

struct Reports {
    reports: RedisReports,
    stage: Alone,
}

fn sealer(secret: &[u8]) -> Sealer {
    let secrets = Secrets {
        current: secret,
        previous: &[],
    };
    Sealer::new(RedisReports::CONTEXT, secrets, Incarnation::from_bits(1))
}

impl Setup for Reports {
    type Port = RedisReports;

    fn port(&self) -> &RedisReports {
        &self.reports
    }

    fn run<F: Future>(case: F) -> F::Output {
        run(case)
    }
}

impl ReportsSetup for Reports {
    const CAPACITY: usize = RedisReports::CAPACITY;

    async fn open() -> Self {
        let stage = Alone::start().await;
        Self {
            reports: RedisReports::new(stage.way.redis.clone(), sealer(b"secret")),
            stage,
        }
    }
}

passerby_conformance::reports_conformance!(Reports);

fn report() -> Report {
    Report {
        id: ReportId(0),
        at: UnixMillis(1_800_000_000_000),
        chat: ChatId::from_bits(1 << 90),
        reporter: UserId::from_bits(2 << 90),
        reported: UserId::from_bits(3 << 90),
        reported_origin: Origin::from_bits(4 << 90),
        offence: Offence::Other,
        detail: Some(Detail::parse("a canary sings").expect("a detail")),
    }
}

#[test]
fn whoever_reads_the_disk_of_redis_reads_no_report() {
    run(async {
        let reports = Reports::open().await;
        let report = report();
        reports
            .reports
            .record(report.clone())
            .await
            .expect("it is recorded");
        let disk = reports.stage.server.disk().await;
        let has = |needle: &[u8]| disk.windows(needle.len()).any(|window| window == needle);
        assert!(has(b"passerby:moderation"), "the stream is on the disk");
        assert!(!has(b"canary"));
        assert!(!has(report.chat.as_str().as_bytes()));
        assert!(!has(&report.reported.bits().to_be_bytes()));
        assert!(!has(&report.reported_origin.bits().to_be_bytes()));
    });
}

#[test]
fn a_report_that_was_sealed_with_another_secret_is_left_out_and_the_others_are_not() {
    run(async {
        let ours = Reports::open().await;
        let theirs = RedisReports::new(ours.stage.way.redis.clone(), sealer(b"another secret"));
        for reports in [&ours.reports, &theirs, &ours.reports] {
            reports.record(report()).await.expect("it is recorded");
        }
        let page = ours.reports.page(None, 10).await.expect("a page");
        let ids: Vec<_> = page.reports.iter().map(|report| report.id).collect();
        assert_eq!(ids, [ReportId(1), ReportId(3)]);
        assert_eq!(page.next, None);
    });
}

#[test]
fn the_oldest_report_gives_way_to_the_newest() {
    run(async {
        let reports = Reports::open().await;
        let key = reports.stage.way.redis.keys().moderation("reports");
        reports.reports.record(report()).await.expect("it is recorded");
        // As many as there may be, all at once.
        let fill = "for i = 2, 10000 do redis.call('XADD', KEYS[1], i .. '-0', 'r', i) end";
        let cli = reports.stage.server.cli();
        cli.ask(&["EVAL", fill, "1", key.as_str()]).await;
        let id = reports.reports.record(report()).await.expect("it is recorded");
        assert_eq!(id, ReportId(10_001));
        assert_eq!(cli.ask(&["XLEN", key.as_str()]).await.trim(), "10000");
        let first = cli.ask(&["XRANGE", key.as_str(), "-", "+", "COUNT", "1"]).await;
        assert!(first.starts_with("2-0"), "{first}");
    });
}
