//! One seat as its user is told of it: numbers without holes, one chat at a time, nothing of a chat outside of it.
//!
//! **Architecture Invariants:** knows no other seat. Follows what it is told even where that is a violation.

use crate::checker::Sight;
use crate::checker::violation::{Rule, Violation};
use crate::client::event::Event;

/// How much of a frame is kept for the report.
const EXCERPT: usize = 240;

/// What a `welcome` says of the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// A new one; whatever seat there was is gone.
    Fresh,
    /// The same as before, with everything that was missed.
    Resumed,
    /// The same as before, but some of what was missed is lost.
    Gap,
}

/// Follows one seat over all its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeatLog {
    last_seq: u64,
    chat: Option<String>,
    is_welcomed: bool,
    /// Until this number the user does not know its chat: some events were lost.
    blind_until: u64,
    /// What a resumed seat's `welcome` says will be true after the replay: its end, and the chat.
    promised: Option<(u64, Option<String>)>,
}

impl SeatLog {
    /// The highest number processed.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The chat that the user believes to be in.
    pub(crate) fn chat(&self) -> Option<&str> {
        self.chat.as_deref()
    }

    /// How much the user knows just now.
    pub(crate) fn sight(&self) -> Sight {
        if self.blind_until > 0 && self.last_seq <= self.blind_until {
            Sight::Blind
        } else {
            Sight::Whole
        }
    }

    /// A new connection: a `welcome` comes next.
    pub(crate) fn reconnects(&mut self) {
        self.is_welcomed = false;
        self.promised = None;
    }

    /// The first event of a connection.
    pub(crate) fn is_greeted(
        &mut self,
        event: &Event<'_>,
        frame: &str,
        found: &mut Vec<Violation>,
    ) -> Greeting {
        self.is_welcomed = true;
        let seq = event.seq.unwrap_or_default();
        let replay_to = event.replay_to.unwrap_or(seq);
        let greeting = match (event.resumed, event.gap) {
            (false, _) => Greeting::Fresh,
            (true, false) => Greeting::Resumed,
            (true, true) => Greeting::Gap,
        };
        if event.seq.is_none() || replay_to < seq {
            found.push(violation(
                Rule::Numbered,
                "a replay that ends before it begins",
                frame,
            ));
        }
        match greeting {
            Greeting::Fresh => {
                *self = Self {
                    is_welcomed: true,
                    ..Self::default()
                }
            }
            Greeting::Resumed => {
                if seq != self.last_seq {
                    let what = format!("no gap, but the user was at {}", self.last_seq);
                    found.push(violation(Rule::Numbered, &what, frame));
                }
                self.promised = Some((replay_to, event.chat().map(str::to_owned)));
            }
            Greeting::Gap => {
                self.blind_until = replay_to;
                self.chat = event.chat().map(str::to_owned);
                self.promised = Some((replay_to, self.chat.clone()));
            }
        }
        self.last_seq = seq;
        self.keeps_its_promise(frame, found);
        greeting
    }

    /// The next event of a connection, not a `welcome`.
    pub(crate) fn hears(&mut self, event: &Event<'_>, frame: &str, found: &mut Vec<Violation>) {
        let kind = &*event.kind;
        if !self.is_welcomed || kind == "welcome" {
            let what = if self.is_welcomed {
                "a second welcome"
            } else {
                "before the welcome"
            };
            found.push(violation(Rule::Shape, what, frame));
            return;
        }
        self.counts(event, frame, found);
        let is_blind = self.sight() == Sight::Blind;
        let chat = event.chat();
        let is_inside = is_blind || chat.is_some() && chat == self.chat.as_deref();
        match kind {
            "matched" => {
                if self.chat.is_some() && !is_blind {
                    found.push(violation(
                        Rule::OneChat,
                        &format!("matched in {:?}", self.chat),
                        frame,
                    ));
                }
                if chat.is_none() {
                    found.push(violation(Rule::Shape, "a match without a chat", frame));
                }
                self.chat = chat.map(str::to_owned);
            }
            "message" | "typing" | "signal" | "partner_away" | "partner_back" if !is_inside => {
                found.push(violation(Rule::Inside, &format!("now in {:?}", self.chat), frame));
            }
            "chat_ended" => {
                if !is_inside {
                    found.push(violation(Rule::Inside, &format!("now in {:?}", self.chat), frame));
                }
                self.chat = None;
            }
            "waiting" | "idle" if self.chat.is_some() && !is_blind => {
                found.push(violation(
                    Rule::OneChat,
                    &format!("still in {:?}", self.chat),
                    frame,
                ));
                self.chat = None;
            }
            _ => {}
        }
        self.keeps_its_promise(frame, found);
    }

    fn counts(&mut self, event: &Event<'_>, frame: &str, found: &mut Vec<Violation>) {
        match (event.seq, &*event.kind) {
            (Some(seq), "ack" | "typing" | "pong" | "stats" | "error" | "draining") => {
                found.push(violation(
                    Rule::Numbered,
                    &format!("{seq} is the number of nothing"),
                    frame,
                ));
            }
            (Some(seq), _) => {
                if seq != self.last_seq + 1 {
                    found.push(violation(
                        Rule::Numbered,
                        &format!("after {}", self.last_seq),
                        frame,
                    ));
                }
                self.last_seq = seq;
            }
            (
                None,
                "waiting" | "matched" | "message" | "signal" | "partner_away" | "partner_back" | "chat_ended"
                | "idle" | "reported" | "blocked",
            ) => found.push(violation(Rule::Numbered, "no number", frame)),
            (None, _) => {}
        }
    }

    /// The state of a resumed seat's `welcome` is that after the replay.
    fn keeps_its_promise(&mut self, frame: &str, found: &mut Vec<Violation>) {
        let due = self
            .promised
            .take_if(|(replay_to, _)| *replay_to <= self.last_seq);
        if let Some((_, chat)) = due
            && chat != self.chat
        {
            let what = format!("welcomed to {chat:?}, yet in {:?}", self.chat);
            found.push(violation(Rule::OneChat, &what, frame));
            self.chat = chat;
        }
    }
}

fn violation(rule: Rule, what: &str, frame: &str) -> Violation {
    Violation {
        rule,
        what: format!("{what}: {}", excerpt(frame)),
    }
}

/// The beginning of a frame, for a report.
pub(crate) fn excerpt(frame: &str) -> String {
    frame.chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELCOME: &str =
        r#"{"type":"welcome","resumed":false,"gap":false,"seq":0,"replay_to":0,"state":"idle"}"#;
    const MATCHED: &str = r#"{"type":"matched","seq":1,"chat_id":"A"}"#;

    fn tells(log: &mut SeatLog, frames: &[&str]) -> Vec<&'static str> {
        let mut found = Vec::new();
        for frame in frames {
            let event = Event::read(frame).unwrap();
            if &*event.kind == "welcome" && !log.is_welcomed {
                log.is_greeted(&event, frame, &mut found);
            } else {
                log.hears(&event, frame, &mut found);
            }
        }
        found.iter().map(|violation| violation.rule.id()).collect()
    }

    fn rules(frames: &[&str]) -> Vec<&'static str> {
        tells(&mut SeatLog::default(), frames)
    }

    #[test]
    fn a_chat_from_match_to_end_is_in_order() {
        let found = rules(&[
            WELCOME,
            r#"{"type":"waiting","seq":1,"since":1}"#,
            r#"{"type":"matched","seq":2,"chat_id":"A"}"#,
            r#"{"type":"typing","chat_id":"A","on":true}"#,
            r#"{"type":"message","seq":3,"chat_id":"A","text":"x","at":1}"#,
            r#"{"type":"partner_away","seq":4,"chat_id":"A","until":1}"#,
            r#"{"type":"chat_ended","seq":5,"chat_id":"A","reason":"you_left"}"#,
            r#"{"type":"ack","chat_id":"A","id":"m1"}"#,
            r#"{"type":"idle","seq":6}"#,
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn two_chats_at_once_are_found() {
        assert_eq!(
            rules(&[WELCOME, MATCHED, r#"{"type":"matched","seq":2,"chat_id":"B"}"#]),
            ["S1"]
        );
    }

    #[test]
    fn waiting_while_chatting_is_found() {
        assert_eq!(
            rules(&[WELCOME, MATCHED, r#"{"type":"waiting","seq":2,"since":1}"#]),
            ["S1"]
        );
    }

    #[test]
    fn what_comes_of_a_chat_outside_of_it_is_found() {
        for frame in [
            r#"{"type":"message","seq":2,"chat_id":"B","text":"x","at":1}"#,
            r#"{"type":"typing","chat_id":"B","on":true}"#,
            r#"{"type":"signal","seq":2,"chat_id":"B","data":1}"#,
            r#"{"type":"partner_away","seq":2,"chat_id":"B","until":1}"#,
            r#"{"type":"partner_back","seq":2,"chat_id":"B"}"#,
            r#"{"type":"chat_ended","seq":2,"chat_id":"B","reason":"lost"}"#,
        ] {
            assert_eq!(rules(&[WELCOME, MATCHED, frame]), ["S5"], "{frame}");
        }
        let ended = r#"{"type":"chat_ended","seq":2,"chat_id":"A","reason":"you_left"}"#;
        let late = r#"{"type":"message","seq":3,"chat_id":"A","text":"x","at":1}"#;
        assert_eq!(rules(&[WELCOME, MATCHED, ended, late]), ["S5"]);
    }

    #[test]
    fn holes_repeats_and_numbers_that_should_not_be_are_found() {
        assert_eq!(rules(&[WELCOME, r#"{"type":"waiting","seq":2}"#]), ["SEQ"]);
        assert_eq!(
            rules(&[
                WELCOME,
                r#"{"type":"waiting","seq":1}"#,
                r#"{"type":"idle","seq":1}"#
            ]),
            ["SEQ"]
        );
        assert_eq!(rules(&[WELCOME, r#"{"type":"waiting"}"#]), ["SEQ"]);
        assert_eq!(rules(&[WELCOME, r#"{"type":"pong","seq":1}"#]), ["SEQ"]);
    }

    #[test]
    fn one_hole_is_told_once() {
        let found = rules(&[
            WELCOME,
            r#"{"type":"waiting","seq":2}"#,
            r#"{"type":"matched","seq":3,"chat_id":"A"}"#,
        ]);
        assert_eq!(found, ["SEQ"]);
    }

    #[test]
    fn events_before_the_welcome_and_a_second_one_are_found() {
        assert_eq!(rules(&[r#"{"type":"idle","seq":1}"#]), ["FRAME"]);
        assert_eq!(rules(&[WELCOME, WELCOME]), ["FRAME"]);
    }

    #[test]
    fn a_replay_goes_on_where_the_user_was() {
        let mut log = SeatLog::default();
        assert!(tells(&mut log, &[WELCOME, MATCHED]).is_empty());
        log.reconnects();
        let found = tells(
            &mut log,
            &[
                r#"{"type":"welcome","resumed":true,"gap":false,"seq":1,"replay_to":2,"state":"waiting"}"#,
                r#"{"type":"chat_ended","seq":2,"chat_id":"A","reason":"partner_left"}"#,
                r#"{"type":"waiting","seq":3}"#,
            ],
        );
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_replay_that_leaves_something_out_is_found() {
        let mut log = SeatLog::default();
        assert!(tells(&mut log, &[WELCOME, MATCHED]).is_empty());
        log.reconnects();
        let welcome = r#"{"type":"welcome","resumed":true,"gap":false,"seq":2,"replay_to":2,"chat_id":"A"}"#;
        assert_eq!(tells(&mut log, &[welcome]), ["SEQ"]);
    }

    #[test]
    fn a_welcome_to_another_state_than_the_replay_ends_in_is_found() {
        let mut log = SeatLog::default();
        assert!(tells(&mut log, &[WELCOME, MATCHED]).is_empty());
        log.reconnects();
        let welcome =
            r#"{"type":"welcome","resumed":true,"gap":false,"seq":1,"replay_to":1,"state":"waiting"}"#;
        assert_eq!(tells(&mut log, &[welcome]), ["S1"]);
    }

    #[test]
    fn after_a_gap_the_replay_may_tell_of_a_chat_that_was_missed() {
        let mut log = SeatLog::default();
        assert!(tells(&mut log, &[WELCOME, MATCHED]).is_empty());
        log.reconnects();
        let found = tells(
            &mut log,
            &[
                r#"{"type":"welcome","resumed":true,"gap":true,"seq":9,"replay_to":10,"chat_id":"C"}"#,
                r#"{"type":"message","seq":10,"chat_id":"C","text":"x"}"#,
            ],
        );
        assert!(found.is_empty(), "{found:?}");
        assert_eq!((log.chat(), log.sight()), (Some("C"), Sight::Blind));
        let found = tells(
            &mut log,
            &[r#"{"type":"message","seq":11,"chat_id":"D","text":"x"}"#],
        );
        assert_eq!((found, log.sight()), (vec!["S5"], Sight::Whole));
    }

    #[test]
    fn a_fresh_seat_counts_from_the_beginning() {
        let mut log = SeatLog::default();
        assert!(tells(&mut log, &[WELCOME, MATCHED]).is_empty());
        log.reconnects();
        assert!(tells(&mut log, &[WELCOME, r#"{"type":"waiting","seq":1}"#]).is_empty());
        assert_eq!((log.chat(), log.last_seq()), (None, 1));
    }
}
