//! Bans: made, listed, lifted.

use super::answer::{self, Answer, Content};
use super::problem::Problem;
use super::users::{self, Naming};
use super::words::Reason;
use super::{Api, body};
use http::{HeaderValue, StatusCode, header};
use passerby_application::ports::{Ban, BanId, Ports};
use passerby_application::{BanOrder, BanTarget, ModerationError};
use passerby_domain::id::Origin;
use passerby_domain::time::Millis;
use serde::{Deserialize, Deserializer, Serialize};
use std::num::NonZeroU64;

/// The longest ban that ends: ten years. One that is to be longer ends when it is lifted.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;

/// A ban to make, as it comes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    user_id: Option<String>,
    origin: Option<String>,
    reason: Reason,
    #[serde(default, deserialize_with = "given")]
    seconds: Option<NonZeroU64>,
}

/// A length that is there is one: what a program could not work out must not become a ban for ever.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<NonZeroU64>, D::Error> {
    NonZeroU64::deserialize(field).map(Some)
}

/// A ban, as it is told.
#[derive(Serialize)]
struct BanView {
    id: String,
    origin: String,
    reason: Reason,
    until: Option<u64>,
}

#[derive(Serialize)]
struct BanList {
    bans: Vec<BanView>,
}

impl From<Ban> for BanView {
    fn from(ban: Ban) -> Self {
        Self {
            id: ban.id.0.to_string(),
            origin: ban.origin.to_operator_text(),
            reason: ban.offence.into(),
            until: ban.until.map(|until| until.0),
        }
    }
}

impl Wanted {
    fn order(self) -> Result<BanOrder, Problem> {
        let target = match (self.user_id, self.origin) {
            (Some(user), None) => match users::name(&user) {
                Naming::Possible(user) => BanTarget::User(user),
                Naming::Nobody => return Err(Problem::Unknown),
                Naming::Impossible => return Err(Problem::BadBody),
            },
            (None, Some(origin)) => {
                BanTarget::Origin(Origin::from_operator_text(&origin).map_err(|_| Problem::BadBody)?)
            }
            (None, None) | (Some(_), Some(_)) => return Err(Problem::BadBody),
        };
        let span = match self.seconds.map(NonZeroU64::get) {
            None => None,
            Some(seconds @ 1..=MAX_SECONDS) => Some(Millis::from_secs(seconds)),
            Some(_) => return Err(Problem::BadBody),
        };
        Ok(BanOrder {
            target,
            offence: self.reason.into(),
            span,
        })
    }
}

impl<P: Ports> Api<P> {
    /// Makes a ban.
    pub(super) async fn ban(&self, body: &[u8]) -> Result<Answer, Problem> {
        let order = body::object::<Wanted>(body)?.order()?;
        let chat = self.state.chat.clone();
        let ban = self
            .obey(async move { chat.ban(order).await })
            .await?
            .map_err(refused)?;
        tracing::info!(ban = ban.id.0, "ban made");
        let view = BanView::from(ban);
        let location = HeaderValue::from_str(&format!("/admin/v1/bans/{}", view.id));
        let mut answer = answer::with(StatusCode::CREATED, answer::json(&view)?);
        if let Ok(location) = location {
            answer.headers_mut().insert(header::LOCATION, location);
        }
        Ok(answer)
    }

    /// The bans in force.
    pub(super) async fn bans(&self) -> Result<Answer, Problem> {
        let bans = self
            .state
            .chat
            .bans()
            .await
            .map_err(|error| Problem::store(&error))?;
        // There may be a great many.
        let list = move || {
            answer::json(&BanList {
                bans: bans.into_iter().map(BanView::from).collect(),
            })
        };
        let content = tokio::task::spawn_blocking(list)
            .await
            .map_err(|_| Problem::Internal)??;
        Ok(answer::ok(content))
    }

    /// Lifts a ban.
    pub(super) async fn lift_ban(&self, id: &str) -> Result<Answer, Problem> {
        // What is not written as a ban's name is written is none.
        let id = id
            .parse::<u64>()
            .ok()
            .filter(|number| number.to_string() == id)
            .map(BanId)
            .ok_or(Problem::Unknown)?;
        let chat = self.state.chat.clone();
        self.obey(async move { chat.lift_ban(id).await })
            .await?
            .map_err(refused)?;
        tracing::info!(ban = id.0, "ban lifted");
        Ok(answer::with(StatusCode::NO_CONTENT, Content::Nothing))
    }
}

pub(super) fn refused(error: ModerationError) -> Problem {
    match error {
        ModerationError::Unknown => Problem::Unknown,
        ModerationError::Store(error) => Problem::store(&error),
    }
}
