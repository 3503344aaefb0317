//! Many users on several threads: whatever the operating system makes of their order, what each was told must be a
//! life that the protocol allows, and in the end nobody may be forgotten.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use passerby_application::Departure;
use passerby_application::ports::Clock;
use passerby_application::testing::{HonestPairing, PassAll, TestChat, Told, Visitor, chat, run};
use passerby_domain::criteria::Criteria;
use passerby_domain::id::ChatId;
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;

type Node = TestChat<HonestPairing, PassAll>;
type Person = Visitor<HonestPairing, PassAll>;

/// More than most machines have cores free, so that threads are stopped in the middle of things.
const THREADS: u64 = 4;
const PEOPLE_PER_THREAD: usize = 3;
const STEPS: usize = 1_500;

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn node() -> Node {
    chat()
        .options(|options| {
            options.rematch_cooldown = Millis::new(2);
            options.resume_grace = Millis::from_secs(3_600);
            options.skips = None;
            options.messages = None;
        })
        .start()
}

/// One person does something, or time passes. What is refused, since something else came first, is no matter.
fn act(node: &Node, person: &mut Person, dice: &mut Dice, said: &mut u64) {
    let name = person.chat();
    match dice.roll(11) {
        0 | 1 => {
            let _ = run(node.skip(&person.seat, &name));
        }
        2 => {
            let _ = run(node.leave(&person.seat, Some(&name)));
        }
        3 => {
            let _ = run(node.leave(&person.seat, None));
        }
        4 | 5 => {
            let _ = run(node.join(&person.seat, Criteria::default()));
        }
        6 | 7 => {
            let text = format!("{} {} {said}", person.user(), name);
            *said += 1;
            let _ = node.message(&person.seat, &name, &text, None);
            node.flush(&person.seat);
        }
        8 => {
            run(node.disconnect(&person.seat, person.connection, Departure::Dropped));
            come_back(node, person);
        }
        9 => come_back(node, person),
        _ => {
            node.clock.advance(Millis::new(1));
            run(node.reap());
            run(node.heartbeat()).unwrap();
        }
    }
}

/// Also on top of a connection that is still there.
fn come_back(node: &Node, person: &mut Person) {
    let token = person.token().0;
    *person = run(node.come_back(person, &token, 0)).unwrap().unwrap();
    node.heard(&person.seat, person.connection);
}

/// Lets everybody live side by side, and answers with all of them.
fn live(node: &Node) -> Vec<Person> {
    thread::scope(|scope| {
        let lives: Vec<_> = (1..=THREADS)
            .map(|seed| {
                scope.spawn(move || {
                    let mut dice = Dice(seed);
                    let mut said = 0;
                    let mut people: Vec<Person> =
                        (0..PEOPLE_PER_THREAD).map(|_| run(node.visitor())).collect();
                    for step in 0..STEPS {
                        act(node, &mut people[step % PEOPLE_PER_THREAD], &mut dice, &mut said);
                    }
                    people
                })
            })
            .collect();
        lives.into_iter().flat_map(|life| life.join().unwrap()).collect()
    })
}

/// What one was told, from the first event to the last: a life is a row of chats with waiting in between.
struct Life {
    user: String,
    told: Vec<Told>,
}

impl Life {
    /// Everything numbered is told again to one who says they saw nothing.
    fn of(node: &Node, person: &mut Person) -> Self {
        come_back(node, person);
        let user = person.user().to_string();
        let told = person.wire.told().into_iter().skip(1).collect();
        Self { user, told }
    }

    /// The chats of this life, each with the texts that were read in it.
    fn chats(&self) -> BTreeMap<ChatId, Vec<String>> {
        let mut chats = BTreeMap::new();
        let mut present = None;
        let mut must_be_placed = false;
        for told in &self.told {
            match told {
                Told::Matched { chat, .. } => {
                    assert_eq!(present, None, "{} is matched in a chat", self.user);
                    let first = chats.insert(*chat, Vec::new()).is_none();
                    assert!(first, "{} is matched twice with {chat}", self.user);
                    present = Some(*chat);
                }
                Told::ChatEnded { chat, .. } => {
                    assert_eq!(present, Some(*chat), "{} is told of another end", self.user);
                    present = None;
                    must_be_placed = true;
                    continue;
                }
                Told::Message { chat, text, .. } => {
                    assert_eq!(present, Some(*chat), "{} reads outside the chat", self.user);
                    chats.entry(*chat).or_default().push(text.clone());
                }
                Told::PartnerAway { chat, .. } | Told::PartnerBack { chat } => {
                    assert_eq!(present, Some(*chat), "{} hears of another partner", self.user);
                }
                Told::Waiting(_) | Told::Idle => {
                    assert_eq!(present, None, "{} waits or rests in a chat", self.user);
                }
                other => panic!("{} is told {other}", self.user),
            }
            if must_be_placed {
                assert!(
                    matches!(told, Told::Waiting(_) | Told::Idle | Told::Matched { .. }),
                    "after a chat {} is told {told}",
                    self.user
                );
                must_be_placed = false;
            }
        }
        chats
    }
}

#[test]
fn everybody_lives_a_life_that_the_protocol_allows_and_nobody_is_forgotten() {
    let node = node();
    let mut people = live(&node);
    let lives: Vec<Life> = people.iter_mut().map(|person| Life::of(&node, person)).collect();

    let mut seats_of: BTreeMap<ChatId, Vec<&str>> = BTreeMap::new();
    for life in &lives {
        for chat in life.chats().into_keys() {
            seats_of.entry(chat).or_default().push(&life.user);
        }
    }
    assert!(seats_of.len() > 100, "only {} chats began", seats_of.len());
    for (chat, seats) in &seats_of {
        let different: BTreeSet<_> = seats.iter().collect();
        assert_eq!((seats.len(), different.len()), (2, 2), "{chat} has {seats:?}");
    }
    let mut read = 0;
    for life in &lives {
        for (chat, texts) in life.chats() {
            let mut last = None;
            for text in texts {
                let words: Vec<&str> = text.split(' ').collect();
                let [sender, said_in, number] = words[..] else {
                    panic!("{text}");
                };
                assert_ne!(sender, life.user, "an own message came back");
                assert!(seats_of[&chat].contains(&sender), "{sender} is not in {chat}");
                assert_eq!(said_in, chat.to_string(), "it was meant for another");
                let number: u64 = number.parse().unwrap();
                assert!(last < Some(number), "messages of {sender} are out of order");
                last = Some(number);
                read += 1;
            }
        }
    }
    assert!(read > 50, "only {read} messages were read");

    nobody_is_forgotten(&node, &people);
}

/// Once all cooldowns are over, at most one is left without a partner, and everybody is counted where they are.
fn nobody_is_forgotten(node: &Node, people: &[Person]) {
    // Idle times and graces are far longer than that.
    let end = node.clock.now() + Millis::from_secs(1);
    while let Some(deadline) = node.next_deadline().filter(|deadline| *deadline < end) {
        node.clock.set(deadline);
        run(node.reap());
    }
    let store = &node.adapters().pairing;
    let census = node.own_census();
    assert!(store.waiting().len() <= 1, "{census:?}");
    assert_eq!(store.waiting().len() as u64, census.waiting);
    assert_eq!(store.offered(), [], "nobody is offered for ever");
    assert_eq!(census.online, people.len() as u64);
    for person in people {
        run(node.disconnect(&person.seat, person.connection, Departure::Left));
    }
    assert_eq!(node.own_census(), Census::default());
    assert_eq!(store.waiting(), []);
    assert_eq!(node.next_deadline(), None, "no timer is left behind");
}
