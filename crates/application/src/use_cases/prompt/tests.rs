use super::*;
use crate::ports::{Delivery, Flush};
use crate::testing::{chat, run, step};
use passerby_domain::notice::Notice;
use std::future::{pending, ready};

#[test]
fn what_was_told_is_written_when_the_work_has_to_wait() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    alice.hears();
    let tell = || {
        chat.adapters()
            .delivery
            .post(&alice.seat.route, &Notice::Idle, Flush::Later);
    };
    tell();
    run(chat.promptly(&alice.seat, ready(())));
    assert_eq!(
        alice.hears(),
        [""; 0],
        "work that is done at once leaves it for later"
    );
    let mut work = pin!(chat.promptly(&alice.seat, pending::<()>()));
    assert!(step(work.as_mut()).is_pending());
    assert_eq!(alice.hears(), ["idle"]);
    tell();
    assert!(step(work.as_mut()).is_pending());
    assert_eq!(alice.hears(), [""; 0], "once is enough");
}
