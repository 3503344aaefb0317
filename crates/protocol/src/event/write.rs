//! How an event looks on the wire.
//!
//! **Architecture Invariants.** `type` comes first, then `seq`; a field that is absent is not written at all.
//! Writing never fails and allocates nothing but room in the buffer.

use super::{Event, IceServer, Matched, Refusal, State, Waiting, Welcome};
use crate::json::{ObjectWriter, key};
use crate::limits::{MAX_INTERESTS, PROTOCOL_VERSION};

/// Room for the fixed part of a short event, so that the buffer grows once.
const FIXED_PART: usize = 128;

impl Event<'_> {
    /// Appends the event to `out` as one JSON object.
    ///
    /// `seq` is the event's number in the order of its seat; a transient event has none.
    pub fn write(&self, seq: Option<u64>, out: &mut Vec<u8>) {
        debug_assert!(
            seq.is_none() || !self.is_transient(),
            "a transient event has no number"
        );
        out.reserve(FIXED_PART + self.longest_part());
        let mut object = ObjectWriter::begin(out);
        object.text(key!("type"), self.name());
        object.optional_number(key!("seq"), seq);
        self.write_fields(&mut object);
        object.end();
    }

    /// The length of the part that has no fixed length.
    const fn longest_part(&self) -> usize {
        match self {
            Self::Message { text: part, .. } | Self::Signal { data: part, .. } => part.len(),
            _ => 0,
        }
    }

    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        match *self {
            Self::Message { chat_id, text, at } => {
                object.text(key!("chat_id"), chat_id);
                object.text(key!("text"), text);
                object.number(key!("at"), at);
            }
            Self::Ack { chat_id, id } => {
                object.text(key!("chat_id"), chat_id);
                object.text(key!("id"), id);
            }
            Self::Typing { chat_id, on } => {
                object.text(key!("chat_id"), chat_id);
                object.flag(key!("on"), on);
            }
            Self::Signal { chat_id, data } => {
                object.text(key!("chat_id"), chat_id);
                object.raw(key!("data"), data);
            }
            Self::PartnerAway { chat_id, until } => {
                object.text(key!("chat_id"), chat_id);
                object.number(key!("until"), until);
            }
            Self::PartnerBack { chat_id } | Self::Reported { chat_id } | Self::Blocked { chat_id } => {
                object.text(key!("chat_id"), chat_id);
            }
            Self::ChatEnded { chat_id, reason } => {
                object.text(key!("chat_id"), chat_id);
                object.text(key!("reason"), reason.as_str());
            }
            Self::Idle => {}
            Self::Pong { id } => object.optional_text(key!("id"), id),
            Self::Stats {
                online,
                waiting,
                chatting,
            } => {
                object.number(key!("online"), online);
                object.number(key!("waiting"), waiting);
                object.number(key!("chatting"), chatting);
            }
            Self::Draining { reconnect_after_ms } => {
                object.number(key!("reconnect_after_ms"), reconnect_after_ms);
            }
            Self::Welcome(welcome) => welcome.write_fields(object),
            Self::Waiting(waiting) => waiting.write_fields(object),
            Self::Matched(matched) => matched.write_fields(object),
            Self::Error(refusal) => refusal.write_fields(object),
        }
    }
}

impl Welcome<'_> {
    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        object.text(key!("user_id"), self.user_id);
        object.text(key!("node"), self.node);
        self.state.write_fields(object);
        object.text(key!("resume_token"), self.resume_token);
        object.flag(key!("resumed"), self.resumed);
        object.flag(key!("gap"), self.gap);
        object.number(key!("seq"), self.seq);
        object.number(key!("replay_to"), self.replay_to);
        object.number(key!("now"), self.now);
        object.number(key!("protocol"), PROTOCOL_VERSION);
        object.object(key!("limits"), |limits| {
            limits.number(key!("message_chars"), self.message_chars);
            limits.number(key!("frame_bytes"), self.frame_bytes);
            limits.number(key!("interests"), MAX_INTERESTS as u64);
        });
        object.number(key!("online"), self.online);
    }
}

impl State<'_> {
    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        match *self {
            Self::Idle => object.text(key!("state"), "idle"),
            Self::Waiting {
                since,
                cooldown_until,
            } => {
                object.text(key!("state"), "waiting");
                object.number(key!("since"), since);
                object.optional_number(key!("cooldown_until"), cooldown_until);
            }
            Self::Chatting {
                ref chat,
                partner_away_until,
            } => {
                object.text(key!("state"), "chatting");
                object.text(key!("chat_id"), chat.chat_id);
                object.object(key!("chat"), |fields| chat.write_fields(fields));
                object.optional_number(key!("partner_away_until"), partner_away_until);
            }
        }
    }
}

impl Waiting {
    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        object.number(key!("since"), self.since);
        object.optional_number(key!("cooldown_until"), self.cooldown_until);
        if self.paused {
            object.flag(key!("paused"), true);
        }
    }
}

impl Matched<'_> {
    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        object.text(key!("chat_id"), self.chat_id);
        object.texts(key!("common_interests"), self.common_interests);
        object.optional_text(key!("language"), self.language);
        object.text(key!("mode"), self.mode.as_str());
        object.flag(key!("initiator"), self.initiator);
        if !self.ice_servers.is_empty() {
            object.objects(key!("ice_servers"), self.ice_servers, |fields, server| {
                server.write_fields(fields);
            });
        }
    }
}

impl IceServer {
    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        object.texts(key!("urls"), &self.urls);
        object.optional_text(key!("username"), self.username.as_deref());
        object.optional_text(key!("credential"), self.credential.as_deref());
    }
}

impl Refusal<'_> {
    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        object.text(key!("code"), self.code.as_str());
        object.text(key!("message"), self.message);
        object.optional_text(key!("ref"), self.reference);
        object.optional_number(key!("retry_after_ms"), self.retry_after_ms);
        object.optional_text(key!("ban_id"), self.ban_id);
        object.optional_number(key!("until"), self.until);
    }
}
