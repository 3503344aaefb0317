use super::*;
use crate::testing::{chat, run};

#[test]
fn commands_that_come_too_often_are_refused_until_there_is_room() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    let bob = run(chat.visitor());
    for _ in 0..60 {
        assert_eq!(chat.count_command(&alice.seat), Ok(()));
    }
    let exhausted = chat.count_command(&alice.seat).unwrap_err();
    assert_eq!(exhausted.retry_after, Millis::new(34));
    assert_eq!(chat.facts.count(Fact::RateLimited), 1);
    assert_eq!(
        chat.count_command(&bob.seat),
        Ok(()),
        "each has a limit of their own"
    );
    chat.clock.advance(exhausted.retry_after);
    assert_eq!(chat.count_command(&alice.seat), Ok(()));
}

#[test]
fn without_a_limit_nothing_is_counted() {
    let chat = chat().options(|options| options.commands = None).start();
    let alice = run(chat.visitor());
    for _ in 0..1_000 {
        assert_eq!(chat.count_command(&alice.seat), Ok(()));
    }
    assert_eq!(
        alice.seat.lock().commands,
        passerby_domain::flood::TokenBucket::default()
    );
}

#[test]
fn a_node_shows_its_name_and_nothing_else() {
    let chat = chat().start();
    run(chat.visitor());
    assert_eq!(format!("{chat:?}"), "Chat { node: NodeId(\"test\"), .. }");
}
