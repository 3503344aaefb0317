//! Commands: from a parsed frame to a use case, and from its error to an `error` event.
//!
//! What concerns the chat itself (messages, typing, signals) is done at once. Everything else may have to wait for a
//! store, so it is taken down as an [`Errand`] and run when the frames read so far have had their effect.

use crate::budget::{Exceeded, Kind};
use crate::connection::Connection;
use crate::encoder::write_event;
use crate::refusals::Refused;
use crate::relay::Client;
use passerby_application::MessageError;
use passerby_application::ports::{Clock, Flush, Offence, Ports};
use passerby_domain::criteria::{Criteria, Interests, Language, Mode};
use passerby_domain::notice::Typing;
use passerby_domain::text::{Detail, MessageId};
use passerby_domain::time::Moment;
use passerby_protocol::{Command, ErrorCode, Event, Frame, Join, Refusal, RefusedKind, ReportReason, parse};

/// A command that may have to wait.
#[derive(Debug)]
pub(crate) struct Errand {
    id: Option<Box<str>>,
    what: What,
}

#[derive(Debug)]
enum What {
    Join(Box<Criteria>),
    Skip(Box<str>),
    Leave(Option<Box<str>>),
    Report {
        chat: Box<str>,
        offence: Offence,
        detail: Option<Detail>,
    },
    Block(Box<str>),
}

impl<P: Ports<Wire = Connection>> Client<P> {
    /// Acts on a text message of the client. What has to wait is returned.
    pub(crate) fn obey(&mut self, text: &str) -> Result<Option<Errand>, Exceeded> {
        if self.connection.is_over() {
            return Ok(None);
        }
        if self.front.chat.has_stalled() {
            // Another node may serve this user by now. Nor may what follows be obeyed, which would overtake this.
            self.front.chat.send_away(&self.seat);
            return Ok(None);
        }
        let now = self.front.chat.adapters().clock.now();
        let Frame { id, command } = match parse(text) {
            Ok(frame) => frame,
            Err(refused) => return self.refuse_frame(&refused, now).map(|()| None),
        };
        let id = id.as_deref();
        let done = match command {
            Command::Message { chat_id, text } => {
                self.budget
                    .count(Kind::Message, self.front.options.messages_per_second, now)?;
                let message_id = id.and_then(as_message_id);
                let said = self.front.chat.message(&self.seat, &chat_id, &text, message_id);
                if let Err(error) = said {
                    return self.refuse_message(error, id, now).map(|()| None);
                }
                Ok(None)
            }
            command => {
                self.budget
                    .count(Kind::Command, self.front.options.commands_per_second, now)?;
                self.command(command, id)
            }
        };
        match done {
            Ok(errand) => Ok(errand),
            Err(refused) => self.refuse(refused, id, now).map(|()| None),
        }
    }

    fn refuse_frame(
        &mut self,
        refused: &passerby_protocol::Refused<'_>,
        now: Moment,
    ) -> Result<(), Exceeded> {
        self.budget
            .count(Kind::Command, self.front.options.commands_per_second, now)?;
        let id = refused.id.as_deref();
        let is_malformed = matches!(refused.kind, RefusedKind::Malformed(_));
        // A frame of an unknown type, or with too large a signal, is well formed, and one more command.
        if !is_malformed && let Err(exhausted) = self.front.chat.count_command(&self.seat) {
            return self.refuse(exhausted.into(), id, now);
        }
        let message = refused.kind.to_string();
        let refusal = Refusal {
            message: &message,
            ..Refusal::new(refused.kind.code())
        };
        self.tell(&Event::Error(refusal.answering(id)));
        if is_malformed {
            self.budget.malformed(now)?;
        }
        Ok(())
    }

    fn refuse_message(&mut self, error: MessageError, id: Option<&str>, now: Moment) -> Result<(), Exceeded> {
        let is_astray = matches!(error, MessageError::StaleChat | MessageError::NotChatting);
        self.refuse(error.into(), id, now)?;
        // What is for no chat is under the limit of commands. It is told as it is all the same: that a limit refused it would
        // say that it was never delivered.
        if is_astray && self.front.chat.count_command(&self.seat).is_err() {
            self.budget.refused(now)?;
        }
        Ok(())
    }

    fn command(&mut self, command: Command<'_>, id: Option<&str>) -> Result<Option<Errand>, Refused> {
        let chat = &self.front.chat;
        let what = match command {
            // No limit refuses these two.
            Command::Leave { chat_id } => What::Leave(chat_id.map(Into::into)),
            Command::Block { chat_id } => What::Block(chat_id.into()),
            Command::Typing { chat_id, on } => {
                // A hint too many is dropped in silence.
                if chat.count_command(&self.seat).is_ok() {
                    let typing = if on { Typing::Started } else { Typing::Stopped };
                    chat.typing(&self.seat, &chat_id, typing);
                }
                return Ok(None);
            }
            Command::Ping => {
                chat.count_command(&self.seat)?;
                self.tell(&Event::Pong { id });
                return Ok(None);
            }
            Command::Signal { chat_id, data } => {
                chat.count_command(&self.seat)?;
                chat.signal(&self.seat, &chat_id, data, id.and_then(as_message_id))?;
                return Ok(None);
            }
            Command::Join(join) => {
                chat.count_command(&self.seat)?;
                What::Join(Box::new(criteria(&join)?))
            }
            Command::Skip { chat_id } => {
                chat.count_command(&self.seat)?;
                What::Skip(chat_id.into())
            }
            Command::Report {
                chat_id,
                reason,
                detail,
            } => {
                chat.count_command(&self.seat)?;
                let detail = detail.map(|detail| Detail::parse(&detail)).transpose();
                let detail = detail.map_err(|_| Refused::new(ErrorCode::Malformed))?;
                What::Report {
                    chat: chat_id.into(),
                    offence: offence(reason),
                    detail,
                }
            }
            // Taken before it came here.
            Command::Message { .. } => return Ok(None),
        };
        Ok(Some(Errand {
            id: id.map(Into::into),
            what,
        }))
    }

    /// Obeys the first word on a connection that came with a token, once the token is dead everywhere.
    pub(crate) async fn obey_first(&mut self, text: &str) -> Result<(), Exceeded> {
        self.front.chat.spend(&self.seat).await;
        match self.obey(text)? {
            Some(errand) => self.run_errand(errand).await,
            None => Ok(()),
        }
    }

    /// Runs a command that may have to wait.
    pub(crate) async fn run_errand(&mut self, errand: Errand) -> Result<(), Exceeded> {
        let (chat, seat) = (&self.front.chat, &self.seat);
        let done = match errand.what {
            What::Join(criteria) => chat.join(seat, *criteria).await.map_err(Refused::from),
            What::Skip(chat_id) => chat.skip(seat, &chat_id).await.map_err(Refused::from),
            What::Leave(chat_id) => chat.leave(seat, chat_id.as_deref()).await.map_err(Refused::from),
            What::Report {
                chat: chat_id,
                offence,
                detail,
            } => chat
                .report(seat, &chat_id, offence, detail)
                .await
                .map_err(Refused::from),
            What::Block(chat_id) => chat.block(seat, &chat_id).await.map_err(Refused::from),
        };
        let refused = match done {
            Ok(()) => Ok(()),
            Err(refused) => {
                let now = self.front.chat.adapters().clock.now();
                self.refuse(refused, errand.id.as_deref(), now)
            }
        };
        self.front.chat.flush(&self.seat);
        refused
    }

    fn refuse(&mut self, refused: Refused, id: Option<&str>, now: Moment) -> Result<(), Exceeded> {
        self.tell(&Event::Error(refused.event(id)));
        if refused.is_by_limit() {
            self.budget.refused(now)
        } else {
            Ok(())
        }
    }

    /// Tells the client something that is the connection's own affair; written by the next flush.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        let mut frame = Vec::new();
        write_event(event, None, &mut frame);
        self.front.chat.reply(&self.seat, &frame, Flush::Later);
    }
}

/// The parser has seen that it is one.
fn as_message_id(id: &str) -> Option<MessageId<'_>> {
    MessageId::parse(id).ok()
}

fn criteria(join: &Join<'_>) -> Result<Criteria, Refused> {
    let interests = join.interests.iter().flatten().map(AsRef::as_ref);
    let interests = Interests::parse(interests).map_err(|_| Refused::new(ErrorCode::InvalidInterests))?;
    let language = join.language.as_deref().map(Language::parse).transpose();
    let language = language.map_err(|_| Refused::new(ErrorCode::InvalidLanguage))?;
    let mode = match join.mode {
        Some(passerby_protocol::Mode::Video) => Mode::Video,
        Some(passerby_protocol::Mode::Text) | None => Mode::Text,
    };
    Ok(Criteria {
        interests,
        language,
        mode,
    })
}

const fn offence(reason: ReportReason) -> Offence {
    match reason {
        ReportReason::Spam => Offence::Spam,
        ReportReason::Harassment => Offence::Harassment,
        ReportReason::Underage => Offence::Underage,
        ReportReason::Nudity => Offence::Nudity,
        ReportReason::Illegal => Offence::Illegal,
        ReportReason::Other => Offence::Other,
    }
}
