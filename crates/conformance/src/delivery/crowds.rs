//! Many threads at one outbox.

use super::stage::{ROOMY, Stage, chat};
use super::{DeliverySetup, Limits};
use passerby_application::ports::{Receipt, Undelivered};

const PLENTY: Limits = Limits {
    events: usize::MAX,
    bytes: 256 * 1024,
    ..ROOMY
};

/// Each sender's messages in the order sent, all of them, once, under numbers without a hole.
pub fn messages_of_many_threads_arrive_once_and_in_the_order_of_each<S: DeliverySetup>() {
    const THREADS: usize = 4;
    const EACH: usize = 100;
    let stage = Stage::<S>::open_with(PLENTY);
    let wire = stage.arrives();
    stage.matched(chat(1));
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let stage = &stage;
            threads.spawn(move || {
                for number in 0..EACH {
                    let text = format!("{thread} {number}");
                    assert_eq!(stage.say(chat(1), &text, None), Ok(Receipt::Placed));
                    stage.flush();
                }
            });
        }
    });
    let lines = wire.hears();
    assert_eq!(lines.len(), 1 + THREADS * EACH);
    let mut next = [0; THREADS];
    for (line, seq) in lines.iter().zip(1..) {
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(words[0], seq.to_string());
        if let ["message", thread, number] = words[1..] {
            let next = &mut next[thread.parse::<usize>().expect("a thread")];
            assert_eq!(number, next.to_string());
            *next += 1;
        }
    }
    assert_eq!(next, [EACH; THREADS]);
}

/// Whoever was told that a message was placed was right, and nobody else was.
pub fn nothing_of_a_chat_comes_after_its_end_whoever_speaks_meanwhile<S: DeliverySetup>() {
    for round in 0..20 {
        let stage = Stage::<S>::open_with(PLENTY);
        let wire = stage.arrives();
        stage.matched(chat(1));
        let placed = std::thread::scope(|threads| {
            let speaker = threads.spawn(|| {
                let mut placed = 0;
                for number in 0..1_000 {
                    match stage.say(chat(1), &number.to_string(), None) {
                        Ok(_) => placed += 1,
                        Err(undelivered) => {
                            assert_eq!(undelivered, Undelivered::Gone);
                            break;
                        }
                    }
                }
                placed
            });
            for _ in 0..round * 50 {
                std::hint::spin_loop();
            }
            stage.chat_ended(chat(1));
            stage.matched(chat(2));
            speaker.join().expect("the speaker spoke")
        });
        stage.flush();
        let lines = wire.hears();
        let messages = lines.iter().filter(|line| line.contains("message")).count();
        let ended = lines
            .iter()
            .position(|line| line.contains("chat_ended"))
            .expect("the chat ended");
        assert_eq!(messages, placed);
        assert_eq!(ended, 1 + placed);
        assert_eq!(lines.len(), placed + 3);
    }
}

/// Connections come and go while somebody speaks: what they heard between them is all, in order.
pub fn connections_that_come_and_go_miss_nothing<S: DeliverySetup>() {
    const MESSAGES: usize = 300;
    let stage = Stage::<S>::open_with(PLENTY);
    let mut wire = stage.arrives();
    stage.matched(chat(1));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for number in 0..MESSAGES {
                assert_eq!(stage.say(chat(1), &number.to_string(), None), Ok(Receipt::Placed));
                stage.flush();
            }
        });
        let mut seen = 0_usize;
        while seen < 1 + MESSAGES {
            for line in wire.hears().iter().filter(|line| !line.starts_with("welcome")) {
                let seq: usize = line
                    .split(' ')
                    .next()
                    .and_then(|seq| seq.parse().ok())
                    .expect("a number");
                // The older connection may still have been told something before it was replaced.
                assert!(seq <= seen + 1, "after {seen} came {line}");
                seen = seen.max(seq);
            }
            wire = stage.comes_back(seen as u64);
        }
    });
}
