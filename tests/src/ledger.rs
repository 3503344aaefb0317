//! What one connection must never see: numbers with holes, two chats at once, news of a chat outside of it.
//!
//! **Architecture Invariants:** pure; every client of the suite runs it over every event it reads.

use serde_json::Value;

use crate::shape;

/// What a client knows of its seat: enough to resume it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The highest `seq` that was processed.
    pub last_seq: u64,
    /// The chat the client believes to be in.
    pub chat: Option<String>,
    /// Until this number it does not know its chat, since some events were lost. Whoever leaves before that comes back as
    /// ignorant.
    pub blind_until: u64,
}

/// Follows the events of one connection.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    position: Position,
    welcomed: bool,
    /// What a resumed seat's `welcome` promises to be true after the replay: its end and the chat.
    promised: Option<(u64, Option<String>)>,
}

impl Ledger {
    /// A connection of a client that already knows this much.
    pub fn new(position: Position) -> Self {
        Self {
            position,
            ..Self::default()
        }
    }

    /// Where the client is after all events so far.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Takes the next event, or says which rule it breaks.
    pub fn take(&mut self, frame: &Value) -> Result<(), String> {
        shape::check(frame)?;
        let kind = frame["type"].as_str().unwrap_or_default();
        if kind == "welcome" {
            return self.welcome(frame);
        }
        if !self.welcomed {
            let banned = kind == "error" && frame["code"] == "banned";
            return if banned {
                Ok(())
            } else {
                Err(format!("before `welcome`: {frame}"))
            };
        }
        if let Some(seq) = frame["seq"].as_u64() {
            if seq != self.position.last_seq + 1 {
                return Err(format!("after seq {} came {frame}", self.position.last_seq));
            }
            self.position.last_seq = seq;
        }
        let blind = self.position.last_seq <= self.position.blind_until;
        self.follow(kind, frame, blind)?;
        self.keeps_its_promise(frame)
    }

    fn welcome(&mut self, frame: &Value) -> Result<(), String> {
        if self.welcomed {
            return Err(format!("a second welcome: {frame}"));
        }
        self.welcomed = true;
        let seq = frame["seq"].as_u64().unwrap_or_default();
        let replay_to = frame["replay_to"].as_u64().unwrap_or_default();
        if replay_to < seq {
            return Err(format!("the replay ends before it begins: {frame}"));
        }
        if frame["resumed"] == false {
            if frame["gap"] == true || frame["state"] != "idle" {
                return Err(format!("a fresh seat is idle and has lost nothing: {frame}"));
            }
            self.position = Position::default();
        }
        if frame["gap"] == true {
            self.position.blind_until = replay_to;
            self.position.chat = frame["chat_id"].as_str().map(str::to_owned);
        } else if seq != self.position.last_seq {
            return Err(format!(
                "no gap, but the client was at {}: {frame}",
                self.position.last_seq
            ));
        }
        self.position.last_seq = seq;
        if frame["resumed"] == true {
            self.promised = Some((replay_to, frame["chat_id"].as_str().map(str::to_owned)));
        }
        self.keeps_its_promise(frame)
    }

    /// The state of a `welcome` is that after the replay.
    fn keeps_its_promise(&mut self, frame: &Value) -> Result<(), String> {
        let due = self
            .promised
            .take_if(|(replay_to, _)| *replay_to == self.position.last_seq);
        match due {
            Some((_, chat)) if chat != self.position.chat => Err(format!(
                "welcomed to {chat:?}, yet in {:?} after {frame}",
                self.position.chat
            )),
            _ => Ok(()),
        }
    }

    fn follow(&mut self, kind: &str, frame: &Value, blind: bool) -> Result<(), String> {
        let chat = frame["chat_id"].as_str();
        let inside = blind || chat.is_some() && chat == self.position.chat.as_deref();
        match kind {
            "matched" if self.position.chat.is_some() && !blind => {
                Err(format!("matched while chatting: {frame}"))
            }
            "matched" => {
                self.position.chat = chat.map(str::to_owned);
                Ok(())
            }
            "message" | "typing" | "signal" | "partner_away" | "partner_back" | "chat_ended" if !inside => {
                Err(format!(
                    "outside of its chat (now {:?}): {frame}",
                    self.position.chat
                ))
            }
            "chat_ended" => {
                self.position.chat = None;
                Ok(())
            }
            "waiting" | "idle" if self.position.chat.is_some() && !blind => {
                Err(format!("in chat {:?}, yet {frame}", self.position.chat))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn welcome() -> Value {
        json!({"type": "welcome", "user_id": "u1", "node": "n1", "state": "idle", "resume_token": "t",
            "resumed": false, "gap": false, "seq": 0, "replay_to": 0, "now": 1, "protocol": 1, "online": 1,
            "limits": {"message_chars": 2000, "frame_bytes": 32768, "interests": 10}})
    }

    fn matched(seq: u64) -> Value {
        json!({"type": "matched", "seq": seq, "chat_id": "chat-0001", "common_interests": [], "mode": "text",
            "initiator": true})
    }

    fn outcome(frames: &[Value]) -> Result<(), String> {
        let mut ledger = Ledger::default();
        frames.iter().try_for_each(|frame| ledger.take(frame))
    }

    #[test]
    fn a_chat_from_match_to_end_is_in_order() {
        let message = json!({"type": "message", "seq": 2, "chat_id": "chat-0001", "text": "a", "at": 1});
        let ended = json!({"type": "chat_ended", "seq": 3, "chat_id": "chat-0001", "reason": "you_left"});
        let idle = json!({"type": "idle", "seq": 4});
        assert_eq!(outcome(&[welcome(), matched(1), message, ended, idle]), Ok(()));
    }

    #[test]
    fn a_hole_in_the_numbers_is_found() {
        assert!(outcome(&[welcome(), matched(2)]).is_err());
    }

    #[test]
    fn a_message_before_its_match_is_found() {
        let message = json!({"type": "message", "seq": 1, "chat_id": "chat-0001", "text": "a", "at": 1});
        assert!(outcome(&[welcome(), message]).is_err());
    }

    #[test]
    fn a_numbered_pong_is_found() {
        assert!(outcome(&[welcome(), json!({"type": "pong", "seq": 1})]).is_err());
    }

    #[test]
    fn whoever_leaves_in_the_middle_of_what_they_missed_comes_back_as_ignorant() {
        let resumed = |gap: bool, seq: u64| {
            let mut welcome = welcome();
            welcome["resumed"] = true.into();
            welcome["gap"] = gap.into();
            welcome["seq"] = seq.into();
            welcome["replay_to"] = 9.into();
            welcome
        };
        let message =
            |seq: u64| json!({"type": "message", "seq": seq, "chat_id": "chat-0001", "text": "a", "at": 1});
        let mut first = Ledger::new(Position {
            last_seq: 2,
            ..Position::default()
        });
        for frame in [resumed(true, 6), message(7)] {
            first.take(&frame).expect("nothing is known of what was lost");
        }
        let mut second = Ledger::new(first.position().clone());
        for frame in [resumed(false, 7), message(8), message(9)] {
            second.take(&frame).expect("it is not known yet");
        }
        second.take(&message(10)).expect_err("it is known by now");
    }

    #[test]
    fn two_chats_at_once_are_found() {
        assert!(outcome(&[welcome(), matched(1), matched(2)]).is_err());
    }
}
