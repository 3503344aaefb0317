//! One client: what it was told, and that it was told a life that the protocol allows.

use crate::ledger::Ledger;
use passerby_application::testing::Told;
use passerby_domain::id::{ChatId, UserId};
use passerby_domain::notice::{Failure, Replay};
use std::collections::BTreeMap;

/// Where a client thinks that it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Idle,
    Waiting,
    Chatting(ChatId),
    /// A chat is over, and what follows was not told yet.
    Between,
}

/// One client, for as long as its seat lives.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) user: UserId,
    pub(crate) token: String,
    /// The number of the last event it was told.
    pub(crate) seen: u64,
    pub(crate) place: Place,
    is_partner_away: bool,
    /// Messages without an answer, by number.
    pub(crate) unanswered: BTreeMap<u64, ChatId>,
    /// What the welcome said, to be compared once the replay is over.
    promised: Option<(u64, &'static str, Option<ChatId>)>,
    /// Whether it wants a partner, as far as that is known.
    pub(crate) wants: Option<bool>,
}

impl Client {
    pub(crate) fn new(user: UserId) -> Self {
        Self {
            user,
            token: String::new(),
            seen: 0,
            place: Place::Idle,
            is_partner_away: false,
            unanswered: BTreeMap::new(),
            promised: None,
            wants: Some(true),
        }
    }

    pub(crate) fn chat(&self) -> Option<ChatId> {
        match self.place {
            Place::Chatting(chat) => Some(chat),
            Place::Idle | Place::Waiting | Place::Between => None,
        }
    }

    /// Whether it was welcomed, and has read all that it missed.
    pub(crate) fn has_read_all(&self) -> bool {
        !self.token.is_empty() && self.promised.is_none()
    }

    pub(crate) fn hear(&mut self, told: &Told, ledger: &mut Ledger) {
        if told.is_numbered() {
            self.seen += 1;
        }
        match told {
            Told::Welcome {
                standing,
                chat,
                partner_away_until,
                token,
                replay,
            } => {
                self.token.clone_from(&token.0);
                self.promised = None;
                match replay {
                    Replay::Fresh => assert_eq!(self.seen, 0, "a seat is new once"),
                    Replay::Whole { seq, replay_to } => {
                        assert_eq!(self.seen, *seq, "the replay begins where the client was");
                        self.promised = Some((*replay_to, standing, *chat));
                        if *standing == "idle" {
                            // The last order, to join, was lost with the connection.
                            self.wants = None;
                        }
                    }
                    Replay::Gap { seq, .. } => {
                        self.seen = *seq;
                        ledger.lost_some(self.user);
                        self.place = match (*standing, chat) {
                            ("idle", _) => Place::Idle,
                            ("waiting", _) => Place::Waiting,
                            (_, Some(chat)) => Place::Chatting(*chat),
                            (_, None) => panic!("a chat has a name"),
                        };
                        self.is_partner_away = partner_away_until.is_some();
                        self.wants = Some(*standing != "idle");
                    }
                }
            }
            Told::Waiting(_) => {
                assert_eq!(self.chat(), None, "{} waits in a chat", self.user);
                self.place = Place::Waiting;
            }
            Told::Idle => {
                assert_eq!(self.chat(), None, "{} is idle in a chat", self.user);
                self.place = Place::Idle;
            }
            Told::Matched { chat, .. } => {
                assert_eq!(self.chat(), None, "{} is matched in a chat", self.user);
                ledger.began(*chat, self.user);
                self.place = Place::Chatting(*chat);
                self.is_partner_away = false;
            }
            Told::ChatEnded { chat, .. } => {
                assert_eq!(self.chat(), Some(*chat), "{} is told of another end", self.user);
                self.place = Place::Between;
            }
            Told::Message { chat, text, .. } => {
                assert_eq!(self.chat(), Some(*chat), "{} reads outside the chat", self.user);
                let words: Vec<&str> = text.split(' ').collect();
                let writer = words[0].parse().expect("a user");
                let [number, attempt] = [1, 2].map(|word| words[word].parse().expect("a number"));
                ledger.received((writer, number), attempt, *chat, self.user);
            }
            Told::Typing { chat, .. } | Told::Signal { chat, .. } => {
                assert_eq!(self.chat(), Some(*chat), "{} hears another partner", self.user);
            }
            Told::PartnerAway { chat, .. } => {
                assert_eq!(self.chat(), Some(*chat), "{} hears of another partner", self.user);
                assert!(!self.is_partner_away, "{}'s partner went twice", self.user);
                self.is_partner_away = true;
            }
            Told::PartnerBack { chat } => {
                assert_eq!(self.chat(), Some(*chat), "{} hears of another partner", self.user);
                assert!(self.is_partner_away, "{}'s partner came twice", self.user);
                self.is_partner_away = false;
            }
            Told::Ack { id, .. } => {
                let number = id.parse().expect("a number");
                self.unanswered.remove(&number);
                ledger.acknowledged((self.user, number));
            }
            Told::Failed { id, why } => {
                let number = id.as_ref().and_then(|id| id.parse().ok()).expect("a number");
                self.unanswered.remove(&number);
                if *why == Failure::Unreachable {
                    ledger.refused((self.user, number));
                }
            }
            Told::Frame(frame) => {
                let text = String::from_utf8_lossy(frame);
                let mut words = text.split(' ');
                let why = words.next();
                let number = words.next().and_then(|word| word.parse().ok()).expect("a number");
                self.unanswered.remove(&number);
                if why == Some("refused") {
                    ledger.refused((self.user, number));
                }
            }
            Told::Reported { .. } | Told::Blocked { .. } | Told::Stats(_) | Told::Draining { .. } => {}
        }
        self.check_promise();
    }

    /// What the welcome says holds once what it promised was replayed.
    fn check_promise(&mut self) {
        let Some((replay_to, standing, chat)) = self.promised.filter(|promised| promised.0 == self.seen)
        else {
            return;
        };
        self.promised = None;
        let is_kept = match self.place {
            Place::Idle => standing == "idle",
            // It is not told of a wait before the store has answered.
            Place::Waiting | Place::Between => standing == "waiting",
            Place::Chatting(present) => chat == Some(present),
        };
        assert!(
            is_kept || (standing == "waiting" && self.place == Place::Idle),
            "{} was told {standing}, {chat:?} and is {:?} after {replay_to}",
            self.user,
            self.place
        );
    }
}
