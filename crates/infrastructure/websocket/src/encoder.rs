//! Notices as frames: the one place where the domain's words become the protocol's.

use passerby_application::ports::{Ban, Encoder};
use passerby_domain::criteria::{Interest, Language, Mode};
use passerby_domain::id::Seq;
use passerby_domain::notice::{
    self, ChatFacts, EndReason, Failure, Notice, Pairing, Replay, Role, Standing, Typing,
};
use passerby_domain::time::UnixMillis;
use passerby_protocol::{self as protocol, ErrorCode, Event, IceServer, Matched, Refusal};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Writes notices as WebSocket text frames with one JSON object each.
#[derive(Clone, Debug, Default)]
pub struct EventEncoder {
    /// The longest message, in characters, as clients are told.
    pub message_chars: u64,
    /// The largest frame, in bytes, as clients are told.
    pub frame_bytes: u64,
    /// What the two ends of a video chat are given to find each other.
    pub ice_servers: Vec<IceServer>,
}

impl Encoder for EventEncoder {
    fn encode(&self, notice: &Notice<'_>, seq: Option<Seq>, out: &mut Vec<u8>) {
        let seq = seq.map(Seq::get);
        let event = match notice {
            Notice::Message { chat, text, at } => Event::Message {
                chat_id: chat.as_str(),
                text: text.0,
                at: at.0,
            },
            Notice::Ack { chat, id } => Event::Ack {
                chat_id: chat.as_str(),
                id,
            },
            Notice::Failed { id, why } => {
                let code = match why {
                    Failure::Unreachable => ErrorCode::PartnerUnreachable,
                    Failure::Unconfirmed => ErrorCode::Unconfirmed,
                    Failure::Stale => ErrorCode::StaleChat,
                };
                Event::Error(Refusal::new(code).answering(*id))
            }
            Notice::Typing { chat, typing } => Event::Typing {
                chat_id: chat.as_str(),
                on: matches!(typing, Typing::Started),
            },
            Notice::Signal { chat, data } => Event::Signal {
                chat_id: chat.as_str(),
                data: data.0,
            },
            Notice::Waiting(waiting) => Event::Waiting(self::waiting(*waiting)),
            Notice::Matched { chat, facts } => {
                let shared = Shared::of(facts);
                return write_event(
                    &Event::Matched(self.matched(chat.as_str(), facts, &shared)),
                    seq,
                    out,
                );
            }
            Notice::PartnerAway { chat, until } => Event::PartnerAway {
                chat_id: chat.as_str(),
                until: until.0,
            },
            Notice::PartnerBack { chat } => Event::PartnerBack {
                chat_id: chat.as_str(),
            },
            Notice::ChatEnded { chat, reason } => Event::ChatEnded {
                chat_id: chat.as_str(),
                reason: end_reason(*reason),
            },
            Notice::Idle => Event::Idle,
            Notice::Reported { chat } => Event::Reported {
                chat_id: chat.as_str(),
            },
            Notice::Blocked { chat } => Event::Blocked {
                chat_id: chat.as_str(),
            },
            Notice::Stats(census) => Event::Stats {
                online: census.online,
                waiting: census.waiting,
                chatting: census.chatting,
            },
            Notice::Draining { reconnect_after } => Event::Draining {
                reconnect_after_ms: *reconnect_after,
            },
            Notice::Welcome(welcome) => return self.welcome(welcome, out),
        };
        write_event(&event, seq, out);
    }
}

/// What lists in `matched` borrow from.
struct Shared<'a> {
    interests: Vec<&'a str>,
    language: Option<Language>,
}

impl<'a> Shared<'a> {
    fn of(facts: &'a ChatFacts) -> Self {
        Self {
            interests: facts.common_interests.iter().map(Interest::as_str).collect(),
            language: facts.language,
        }
    }
}

impl EventEncoder {
    fn matched<'a>(&'a self, chat_id: &'a str, facts: &ChatFacts, shared: &'a Shared<'a>) -> Matched<'a> {
        Matched {
            chat_id,
            common_interests: &shared.interests,
            language: shared.language.as_ref().map(Language::as_str),
            mode: mode(facts.mode),
            initiator: matches!(facts.role, Role::Initiator),
            ice_servers: match facts.mode {
                Mode::Video => &self.ice_servers,
                Mode::Text => &[],
            },
        }
    }

    fn welcome(&self, welcome: &notice::Welcome<'_>, out: &mut Vec<u8>) {
        let user_id = welcome.user.to_string();
        let shared;
        let state = match &welcome.standing {
            Standing::Idle => protocol::State::Idle,
            Standing::Waiting(waiting) => protocol::State::Waiting {
                since: waiting.since.0,
                cooldown_until: waiting.cooldown_until.map(|until| until.0),
            },
            Standing::Chatting {
                chat,
                facts,
                partner_away_until,
            } => {
                shared = Shared::of(facts);
                protocol::State::Chatting {
                    chat: self.matched(chat.as_str(), facts, &shared),
                    partner_away_until: partner_away_until.map(|until| until.0),
                }
            }
        };
        let (resumed, gap, seq, replay_to) = match welcome.replay {
            Replay::Fresh => (false, false, 0, 0),
            Replay::Whole { seq, replay_to } => (true, false, seq, replay_to),
            Replay::Gap { seq, replay_to } => (true, true, seq, replay_to),
        };
        let event = protocol::Welcome {
            user_id: &user_id,
            node: welcome.node.as_str(),
            state,
            resume_token: welcome.resume_token,
            resumed,
            gap,
            seq,
            replay_to,
            now: welcome.now.0,
            message_chars: self.message_chars,
            frame_bytes: self.frame_bytes,
            online: welcome.online,
        };
        write_event(&Event::Welcome(&event), None, out);
    }
}

fn waiting(waiting: notice::Waiting) -> protocol::Waiting {
    protocol::Waiting {
        since: waiting.since.0,
        cooldown_until: waiting.cooldown_until.map(|until| until.0),
        paused: matches!(waiting.pairing, Pairing::Paused),
    }
}

const fn mode(mode: Mode) -> protocol::Mode {
    match mode {
        Mode::Text => protocol::Mode::Text,
        Mode::Video => protocol::Mode::Video,
    }
}

const fn end_reason(reason: EndReason) -> protocol::EndReason {
    match reason {
        EndReason::YouSkipped => protocol::EndReason::YouSkipped,
        EndReason::PartnerSkipped => protocol::EndReason::PartnerSkipped,
        EndReason::YouLeft => protocol::EndReason::YouLeft,
        EndReason::PartnerLeft => protocol::EndReason::PartnerLeft,
        EndReason::PartnerDisconnected => protocol::EndReason::PartnerDisconnected,
        EndReason::Moderated => protocol::EndReason::Moderated,
        EndReason::Lost => protocol::EndReason::Lost,
    }
}

/// Appends the `error` event of a ban.
pub(crate) fn write_ban(ban: &Ban, out: &mut Vec<u8>) {
    let id = ban.id.0.to_string();
    let refusal = Refusal {
        ban_id: Some(&id),
        until: ban.until.map(|UnixMillis(until)| until),
        ..Refusal::new(ErrorCode::Banned)
    };
    write_event(&Event::Error(refusal), None, out);
}

/// The longest header of a frame from a server: no mask.
const LONGEST_HEADER: usize = 10;
/// The header of most frames: a length of 126 to 65,535.
const USUAL_HEADER: usize = 4;

/// Appends `event` as a text frame.
pub(crate) fn write_event(event: &Event<'_>, seq: Option<u64>, out: &mut Vec<u8>) {
    let start = out.len();
    // The length is known only afterwards; most events need a header of this length.
    out.extend_from_slice(&[0; USUAL_HEADER]);
    event.write(seq, out);
    let len = out.len() - start - USUAL_HEADER;
    let (header, header_len) = header(OpCode::Data(Data::Text), len);
    out.splice(start..start + USUAL_HEADER, header.into_iter().take(header_len));
}

/// Appends a control frame; its payload is cut at 125 bytes, which is all it may have.
pub(crate) fn write_control(kind: Control, payload: &[u8], out: &mut Vec<u8>) {
    let payload = &payload[..payload.len().min(125)];
    let (header, header_len) = header(OpCode::Control(kind), payload.len());
    out.extend(header.into_iter().take(header_len));
    out.extend_from_slice(payload);
}

/// Appends a data frame.
#[cfg(feature = "echo")]
pub(crate) fn write_data(kind: Data, payload: &[u8], out: &mut Vec<u8>) {
    let (header, header_len) = header(OpCode::Data(kind), payload.len());
    out.extend(header.into_iter().take(header_len));
    out.extend_from_slice(payload);
}

fn header(opcode: OpCode, len: usize) -> ([u8; LONGEST_HEADER], usize) {
    let header = FrameHeader {
        opcode,
        ..FrameHeader::default()
    };
    let mut bytes = [0; LONGEST_HEADER];
    let mut rest = &mut bytes[..];
    // There is room for the longest header.
    let _ = header.format(len as u64, &mut rest);
    let left = rest.len();
    (bytes, LONGEST_HEADER - left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_domain::id::ChatId;
    use passerby_domain::notice::Secret;

    fn frame(len: usize) -> Vec<u8> {
        let text = "x".repeat(len);
        let mut out = b"before".to_vec();
        let message = Notice::Message {
            chat: ChatId::from_bits(7),
            text: Secret(&text),
            at: UnixMillis(1),
        };
        EventEncoder::default().encode(&message, Some(Seq::new(1)), &mut out);
        assert!(out.starts_with(b"before"));
        out.split_off(6)
    }

    #[test]
    fn a_frame_has_the_shortest_header_that_tells_its_length() {
        let short = frame(1);
        assert_eq!((short[0], usize::from(short[1])), (0x81, short.len() - 2));
        let usual = frame(300);
        assert_eq!(usual[..2], [0x81, 126]);
        assert_eq!(
            usize::from(u16::from_be_bytes([usual[2], usual[3]])),
            usual.len() - 4
        );
        let long = frame(70_000);
        assert_eq!(long[..2], [0x81, 127]);
        assert_eq!(long[2..10], ((long.len() - 10) as u64).to_be_bytes());
        assert_eq!(long[10], b'{');
    }

    #[test]
    fn a_control_frame_has_at_most_125_bytes() {
        let mut out = Vec::new();
        write_control(Control::Ping, &[7; 200], &mut out);
        assert_eq!((out[0], out[1], out.len()), (0x89, 125, 127));
    }
}
