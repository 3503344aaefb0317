//! What one user asked, and whether it is answered: in time, and a message exactly once.
//!
//! Silence is only held against a server that is alive: when something is overdue the user sends a `ping` each second, and
//! what is still unanswered once the server has lived for as long as an answer may take was passed over. A second counts
//! as lived when the `pong` came within it. So neither a slow tool, nor a dead connection, nor a path that was cut or a
//! process that was stopped for a while is taken for silence.
//!
//! **Architecture Invariants:** bounded: messages are forgotten with their answers, or a few connections later.

use std::collections::{BTreeMap, HashMap};

use crate::checker::violation::{Rule, Violation};
use crate::clock::{Nanos, SECOND};

/// How long an answer may take.
const LIMIT: Nanos = 3 * SECOND;
/// How often a user asks a server that owes an answer whether it lives, and how soon it says so if it does.
const SIGN: Nanos = SECOND;
/// For how many connections an answer to a message of an older one may still come.
const CONNECTIONS: u32 = 3;

/// A command that is no message, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `waiting` or `matched`.
    Join,
    /// The `chat_ended` of this chat.
    Skip(String),
    /// `idle`.
    Leave,
}

/// What became of a message of this user, whose chat this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It was waited for since this moment.
    Awaited { chat: String, asked: Nanos },
    /// Another sending of it was answered before.
    Again { chat: String },
    /// Nobody knows any more.
    Forgotten,
}

#[derive(Clone, Debug)]
struct Owed {
    chat: String,
    answers: u32,
    connection: u32,
}

/// The open questions of one seat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    connection: u32,
    /// Messages without an answer on this connection, by their number.
    pending: BTreeMap<u64, (String, Nanos)>,
    /// How many answers may still come to each message: one for each sending. What an older connection sent last may be
    /// answered on the newer one; what was on its way to a dropped one never is.
    owed: HashMap<u64, Owed>,
    /// Answers to older messages than this are no longer judged.
    forgotten: u64,
    commands: Vec<(Command, String, Nanos)>,
    probe: Option<Probe>,
}

/// Something is overdue, and the server is asked whether it is alive.
#[derive(Clone, Copy, Debug)]
struct Probe {
    /// What was overdue then is judged.
    began: Nanos,
    /// How long the server has lived since.
    lived: Nanos,
    ping: Ping,
}

#[derive(Clone, Copy, Debug)]
enum Ping {
    /// It was sent at this moment, and has no `pong`.
    Sent(Nanos),
    /// The next one is due at this moment.
    Due(Nanos),
}

impl Answers {
    /// A message was sent, perhaps again.
    pub(crate) fn said(&mut self, number: u64, chat: &str, now: Nanos) {
        self.pending.insert(number, (chat.to_owned(), now));
        let owed = self.owed.entry(number).or_insert_with(|| Owed {
            chat: chat.to_owned(),
            answers: 0,
            connection: 0,
        });
        owed.answers += 1;
        owed.connection = self.connection;
    }

    /// An `ack` or `error` of a message came.
    pub(crate) fn answered(&mut self, number: u64, found: &mut Vec<Violation>) -> Answered {
        let Some(owed) = self.owed.get_mut(&number) else {
            if number >= self.forgotten {
                found.push(Violation {
                    rule: Rule::Answered,
                    what: format!("message {number} has one answer too many"),
                });
            }
            return Answered::Forgotten;
        };
        owed.answers -= 1;
        let chat = owed.chat.clone();
        if owed.answers == 0 {
            self.owed.remove(&number);
        }
        match self.pending.remove(&number) {
            Some((chat, asked)) => Answered::Awaited { chat, asked },
            None => Answered::Again { chat },
        }
    }

    /// A command was sent.
    pub(crate) fn asked(&mut self, command: Command, id: String, now: Nanos) {
        self.commands.push((command, id, now));
    }

    /// An event came that answers commands, perhaps.
    pub(crate) fn heard(&mut self, kind: &str, chat: Option<&str>) {
        self.commands.retain(|(command, _, _)| match command {
            Command::Join => !matches!(kind, "waiting" | "matched"),
            Command::Skip(skipped) => kind != "chat_ended" || chat != Some(skipped),
            Command::Leave => kind != "idle",
        });
    }

    /// A command was refused.
    pub(crate) fn refused(&mut self, id: &str) {
        self.commands.retain(|(_, asked, _)| asked != id);
    }

    /// When the user has to send a `ping`: something is overdue then.
    pub(crate) fn next_due(&self) -> Option<Nanos> {
        match self.probe.map(|probe| probe.ping) {
            Some(Ping::Sent(_)) => None,
            Some(Ping::Due(at)) => Some(at),
            None => Some(self.oldest()?.saturating_add(LIMIT)),
        }
    }

    /// When what has waited longest was asked.
    fn oldest(&self) -> Option<Nanos> {
        let messages = self.pending.values().map(|(_, asked)| *asked);
        let commands = self.commands.iter().map(|(_, _, asked)| *asked);
        messages.chain(commands).min()
    }

    /// A `ping` was sent because something is overdue.
    pub(crate) fn probes(&mut self, now: Nanos) {
        let probe = self.probe.get_or_insert(Probe {
            began: now,
            lived: 0,
            ping: Ping::Sent(now),
        });
        probe.ping = Ping::Sent(now);
    }

    /// The `pong` came. What was overdue at the first `ping`, and still is open after the server has lived for as long as an
    /// answer may take, was passed over. Returns the messages among it, which are given up.
    pub(crate) fn lives(&mut self, now: Nanos, found: &mut Vec<Violation>) -> Vec<(u64, String)> {
        let Some(mut probe) = self.probe.take() else {
            return Vec::new();
        };
        let is_overdue = |asked: Nanos| asked.saturating_add(LIMIT) <= probe.began;
        if !self.oldest().is_some_and(is_overdue) {
            return Vec::new();
        }
        if let Ping::Sent(at) = probe.ping
            && now.saturating_sub(at) <= SIGN
        {
            // The first one shows that the question has been read by now.
            probe.lived += SIGN;
        }
        if probe.lived <= LIMIT {
            probe.ping = Ping::Due(now.saturating_add(SIGN));
            self.probe = Some(probe);
            return Vec::new();
        }
        let mut passed_over = Vec::new();
        self.pending.retain(|number, (chat, asked)| {
            let is_overdue = is_overdue(*asked);
            if is_overdue {
                found.push(Violation {
                    rule: Rule::Answered,
                    what: format!("message {number} of {chat} has no answer"),
                });
                passed_over.push((*number, chat.clone()));
            }
            !is_overdue
        });
        self.commands.retain(|(command, id, asked)| {
            let is_overdue = is_overdue(*asked);
            if is_overdue {
                found.push(Violation {
                    rule: Rule::Answered,
                    what: format!("{command:?} ({id}) has no answer"),
                });
            }
            !is_overdue
        });
        passed_over
    }

    /// A new connection of the same seat. Returns the messages that have no answer, in the order sent: each is sent again
    /// or given up.
    pub(crate) fn reconnects(&mut self) -> Vec<(u64, String)> {
        self.connection += 1;
        self.commands.clear();
        self.probe = None;
        let oldest = self.connection.saturating_sub(CONNECTIONS);
        let forgotten = &mut self.forgotten;
        self.owed.retain(|number, owed| {
            let is_kept = owed.connection >= oldest;
            if !is_kept {
                *forgotten = (*forgotten).max(number + 1);
            }
            is_kept
        });
        let pending = std::mem::take(&mut self.pending).into_iter();
        pending.map(|(number, (chat, _))| (number, chat)).collect()
    }

    /// Messages that wait for an answer.
    #[cfg(test)]
    fn open(&self) -> usize {
        self.pending.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(found: &[Violation]) -> Vec<&'static str> {
        found.iter().map(|violation| violation.rule.id()).collect()
    }

    #[test]
    fn one_answer_for_each_message_is_in_order() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 7);
        let awaited = Answered::Awaited {
            chat: "A".to_owned(),
            asked: 7,
        };
        assert_eq!(answers.answered(1, &mut found), awaited);
        assert!(found.is_empty());
        assert_eq!((answers.open(), answers.next_due()), (0, None));
    }

    #[test]
    fn a_second_answer_is_found() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 0);
        answers.answered(1, &mut found);
        answers.answered(1, &mut found);
        assert_eq!(rules(&found), ["S8"]);
    }

    #[test]
    fn an_answer_to_nothing_is_found() {
        let mut found = Vec::new();
        assert_eq!(Answers::default().answered(5, &mut found), Answered::Forgotten);
        assert_eq!(rules(&found), ["S8"]);
    }

    #[test]
    fn a_message_sent_again_may_be_answered_twice() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 0);
        assert_eq!(answers.reconnects(), [(1, "A".to_owned())]);
        answers.said(1, "A", 0);
        answers.answered(1, &mut found);
        assert_eq!(
            answers.answered(1, &mut found),
            Answered::Again { chat: "A".to_owned() }
        );
        assert!(found.is_empty());
        answers.answered(1, &mut found);
        assert_eq!(rules(&found), ["S8"]);
    }

    /// Pings, each with a `pong` after `delay`, as many as it takes to live for so long.
    fn lives_for(
        answers: &mut Answers,
        pings: u64,
        delay: Nanos,
        found: &mut Vec<Violation>,
    ) -> Vec<(u64, String)> {
        let mut given_up = Vec::new();
        for _ in 0..pings {
            let Some(due) = answers.next_due() else { break };
            answers.probes(due);
            given_up.extend(answers.lives(due + delay, found));
        }
        given_up
    }

    #[test]
    fn silence_is_found_once_the_server_has_lived_for_long_enough() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 0);
        answers.asked(Command::Leave, "c1".to_owned(), 0);
        answers.said(2, "A", 2 * SECOND);
        assert_eq!(answers.next_due(), Some(LIMIT));
        assert!(lives_for(&mut answers, 3, 0, &mut found).is_empty());
        assert!(found.is_empty());
        assert_eq!(lives_for(&mut answers, 1, 0, &mut found), [(1, "A".to_owned())]);
        assert_eq!(rules(&found), ["S8", "S8"]);
        // The second message was not overdue when the first ping was sent.
        assert_eq!(answers.open(), 1);
    }

    #[test]
    fn an_answer_that_comes_while_the_server_is_asked_is_late_and_no_silence() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 0);
        lives_for(&mut answers, 3, 0, &mut found);
        answers.answered(1, &mut found);
        assert!(lives_for(&mut answers, 1, 0, &mut found).is_empty());
        assert!(found.is_empty());
        assert_eq!(answers.next_due(), None);
    }

    #[test]
    fn a_pong_that_comes_late_shows_no_second_that_was_lived() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 0);
        assert!(lives_for(&mut answers, 20, 2 * SIGN, &mut found).is_empty());
        assert!(found.is_empty());
        lives_for(&mut answers, 4, 0, &mut found);
        assert_eq!(rules(&found), ["S8"]);
    }

    #[test]
    fn a_dead_connection_is_not_silence() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 0);
        lives_for(&mut answers, 3, 0, &mut found);
        answers.probes(9 * SECOND);
        answers.reconnects();
        assert!(answers.lives(9 * SECOND, &mut found).is_empty());
        assert!(found.is_empty());
    }

    #[test]
    fn commands_are_answered_by_their_events() {
        let mut answers = Answers::default();
        answers.asked(Command::Join, "c1".to_owned(), 0);
        answers.asked(Command::Skip("A".to_owned()), "c2".to_owned(), 0);
        answers.asked(Command::Leave, "c3".to_owned(), 0);
        answers.heard("chat_ended", Some("B"));
        assert_eq!(answers.commands.len(), 3);
        answers.heard("chat_ended", Some("A"));
        answers.heard("waiting", None);
        assert_eq!(answers.commands.len(), 1);
        answers.refused("c3");
        assert_eq!(answers.next_due(), None);
    }

    #[test]
    fn messages_of_long_ago_are_forgotten_and_their_answers_are_not_judged() {
        let (mut answers, mut found) = (Answers::default(), Vec::new());
        answers.said(1, "A", 0);
        for _ in 0..=CONNECTIONS {
            answers.reconnects();
        }
        assert!(answers.owed.is_empty());
        assert_eq!(answers.answered(1, &mut found), Answered::Forgotten);
        assert!(found.is_empty());
    }
}
