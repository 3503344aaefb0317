use super::*;
use crate::Departure;
use crate::ports::MockReports;
use crate::testing::{Line, UnreliablePairing, chat, run};
use passerby_domain::flood::Rate;
use passerby_domain::id::UserId;

fn detail() -> Detail {
    Detail::parse("he said something").unwrap()
}

#[test]
fn a_report_names_both_and_the_chat_goes_on() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.report(&alice.seat, &alice.chat(), Offence::Spam, Some(detail()))).unwrap();
    assert_eq!(alice.hears(), ["reported"]);
    assert_eq!(bob.hears(), [""; 0], "the partner learns nothing");
    let reports = chat.reports.all();
    assert_eq!(reports.len(), 1);
    let report = &reports[0];
    assert_eq!((report.reporter, report.reported), (alice.user(), bob.user()));
    assert_eq!(report.reported_origin, bob.seat.origin());
    assert_eq!(report.offence, Offence::Spam);
    assert_eq!(report.detail, Some(detail()));
    assert_eq!(report.chat.to_string(), alice.chat());
    assert_eq!(chat.facts.count(Fact::Reported), 1);
    chat.message(&bob.seat, &bob.chat(), "hello", None).unwrap();
}

#[test]
fn two_of_whom_one_reported_the_other_do_not_meet_again() {
    let chat = chat()
        .options(|options| options.rematch_cooldown = Millis::ZERO)
        .start();
    let [alice, bob] = run(chat.pair());
    run(chat.report(&alice.seat, &alice.chat(), Offence::Other, None)).unwrap();
    run(chat.skip(&bob.seat, &bob.chat())).unwrap();
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user(), bob.user()]);
    chat.clock.advance(chat.options().block_ttl);
    run(chat.reap());
    assert_eq!(alice.chat(), bob.chat(), "until the block is over");
}

#[test]
fn a_chat_can_be_reported_for_a_minute_after_its_end() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let name = alice.chat();
    run(chat.disconnect(&bob.seat, bob.connection, Departure::Left));
    chat.clock.advance(LATE);
    run(chat.report(&alice.seat, &name, Offence::Nudity, None)).unwrap();
    assert_eq!(
        chat.reports.all()[0].reported,
        bob.user(),
        "also though he is gone"
    );
    chat.clock.advance(Millis::new(1));
    let late = run(chat.report(&alice.seat, &name, Offence::Nudity, None));
    assert!(matches!(late, Err(ReportError::NotChatting)));
    assert_eq!(chat.reports.all().len(), 1);
}

#[test]
fn too_late_is_answered_as_a_chat_that_was_never_ones_own() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let name = alice.chat();
    run(chat.skip(&bob.seat, &name)).unwrap();
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), alice.chat());
    chat.clock.advance(LATE + Millis::new(1));
    for name in [name.as_str(), "AAAAAAAAAAAAAAAA"] {
        let refused = run(chat.report(&alice.seat, name, Offence::Spam, None));
        assert!(matches!(refused, Err(ReportError::StaleChat)));
    }
    assert_eq!(chat.reports.all().len(), 0);
}

#[test]
fn only_the_last_chat_can_be_reported_beside_the_present_one() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let first = alice.chat();
    run(chat.skip(&bob.seat, &first)).unwrap();
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), alice.chat());
    run(chat.report(&alice.seat, &first, Offence::Spam, None)).unwrap();
    assert_eq!(chat.reports.all()[0].reported, bob.user());
    run(chat.skip(&carol.seat, &carol.chat())).unwrap();
    let refused = run(chat.report(&alice.seat, &first, Offence::Spam, None));
    assert!(matches!(refused, Err(ReportError::NotChatting)));
}

#[test]
fn a_report_that_cannot_be_recorded_changes_nothing() {
    let mut reports = MockReports::new();
    reports
        .expect_record()
        .returning(|_| Err(StoreError::Unavailable("down".into())));
    let chat = chat().reports(reports).start();
    let [alice, bob] = run(chat.pair());
    let refused = run(chat.report(&alice.seat, &alice.chat(), Offence::Spam, None));
    assert!(matches!(refused, Err(ReportError::Store(_))));
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    assert_eq!(apart_until(&alice.seat, bob.user(), chat.now()), None);
}

#[test]
fn a_report_whose_block_fails_is_an_error_though_it_was_recorded() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let [alice, bob] = run(chat.pair());
    chat.adapters().pairing.set(Line::Down);
    let refused = run(chat.report(&alice.seat, &alice.chat(), Offence::Spam, None));
    assert!(matches!(refused, Err(ReportError::Store(_))));
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    assert_eq!(chat.reports.all().len(), 1);
}

fn apart_until<P: Ports>(seat: &Seat<P>, other: UserId, now: Moment) -> Option<Moment> {
    seat.lock().avoidance.until(other, now)
}

#[test]
fn an_origin_that_reports_too_much_is_slowed_and_the_two_are_kept_apart_all_the_same() {
    let chat = chat()
        .options(|options| {
            options.rematch_cooldown = Millis::ZERO;
            options.reports = Rate::per_minute(2, 1);
        })
        .start();
    let [alice, bob] = run(chat.pair());
    run(chat.report(&alice.seat, &alice.chat(), Offence::Spam, None)).unwrap();
    run(chat.disconnect(&bob.seat, bob.connection, Departure::Left));
    let carol = run(chat.visitor());
    let refused = run(chat.report(&alice.seat, &alice.chat(), Offence::Spam, None));
    let Err(ReportError::TooMany(exhausted)) = refused else {
        panic!("there is no limit");
    };
    assert_eq!(chat.reports.all().len(), 1);
    let name = alice.chat();
    run(chat.skip(&carol.seat, &name)).unwrap();
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user(), carol.user()]);
    chat.clock.advance(exhausted.retry_after);
    run(chat.report(&alice.seat, &name, Offence::Spam, None)).unwrap();
}
