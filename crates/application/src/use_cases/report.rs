//! Reporting: tell the operator about a partner, and never meet them again.

use super::part::{Subject, WrongChat};
use crate::book::{Acquaintance, Book};
use crate::chat::Chat;
use crate::ports::{
    Block, Clock, Delivery, Fact, Flush, Offence, PairingStore, Ports, Report, ReportId, StoreError,
};
use crate::seat::Seat;
use passerby_domain::flood::Exhausted;
use passerby_domain::id::ChatId;
use passerby_domain::notice::Notice;
use passerby_domain::text::Detail;
use passerby_domain::time::{Millis, Moment};

/// How long after its end a chat may be reported or its partner blocked.
const LATE: Millis = Millis::from_secs(60);

/// Why a report was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The user is in no chat, and was not in that one a moment ago.
    #[error("the user is in no chat")]
    NotChatting,
    /// The user is in another chat, and was not in that one a moment ago.
    #[error("the user is in another chat")]
    StaleChat,
    /// Many have reported from where the user is. The two are kept apart all the same.
    #[error("there are too many reports from one origin")]
    TooMany(#[source] Exhausted),
    /// The store failed.
    #[error("the report could not be recorded")]
    Store(#[source] StoreError),
}

impl From<WrongChat> for ReportError {
    fn from(wrong: WrongChat) -> Self {
        match wrong {
            WrongChat::Stale => Self::StaleChat,
            WrongChat::NotChatting => Self::NotChatting,
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Records a report about the partner of the present chat, or of the last one within 60 s of its end. The two are
    /// not paired again, but the chat goes on. The user is told `Reported`.
    ///
    /// # Errors
    /// [`ReportError`]. After a failure of the store the report may have been recorded.
    pub async fn report(
        &self,
        seat: &Seat<P>,
        chat: &str,
        offence: Offence,
        detail: Option<Detail>,
    ) -> Result<(), ReportError> {
        let now = self.now();
        let (chat, partner) = seat.lock().acquaintance(chat, now)?;
        let report = Report {
            id: ReportId(0),
            at: self.adapters.clock.unix(now),
            chat,
            reporter: seat.user(),
            reported: partner.user,
            reported_origin: partner.origin,
            offence,
            detail,
        };
        if let Err(exhausted) = self.reports.take(seat.origin(), now) {
            // Those of others would give way.
            self.note(Fact::RateLimited);
            self.bar(seat, partner, now).await.map_err(ReportError::Store)?;
            return Err(ReportError::TooMany(exhausted));
        }
        let recorded = self.adapters.reports.record(report).await;
        recorded.map_err(ReportError::Store)?;
        self.bar(seat, partner, now).await.map_err(ReportError::Store)?;
        self.note(Fact::Reported);
        self.adapters
            .delivery
            .post(&seat.route, &Notice::Reported { chat }, Flush::Now);
        Ok(())
    }

    /// Puts a block in force between the user and `partner`.
    pub(crate) async fn bar(
        &self,
        seat: &Seat<P>,
        partner: Acquaintance,
        now: Moment,
    ) -> Result<(), StoreError> {
        let until = now + self.options.block_ttl;
        let own = seat.lasting_origin();
        if own != partner.lasting_origin {
            self.adapters
                .pairing
                .block(Block {
                    origins: [own, partner.lasting_origin],
                    until,
                })
                .await?;
        }
        self.keep_apart(seat, partner.user, until);
        Ok(())
    }
}

impl<P: Ports> Book<P> {
    /// Whom the user met in `chat`, if it is the present one or has just ended.
    pub(crate) fn acquaintance(&self, chat: &str, now: Moment) -> Result<(ChatId, Acquaintance), WrongChat> {
        match self.known_chat(chat)? {
            Subject::Present(chat, partner) => Ok((chat, partner)),
            Subject::Past(chat, partner, ended) if now.since(ended) <= LATE => Ok((chat, partner)),
            Subject::Past(..) if self.session.chatting().is_some() => Err(WrongChat::Stale),
            Subject::Past(..) => Err(WrongChat::NotChatting),
        }
    }
}

#[cfg(test)]
mod tests;
