//! Users: named, and removed.

use super::Api;
use super::answer::{self, Answer, Content};
use super::problem::Problem;
use http::StatusCode;
use passerby_application::ports::Ports;
use passerby_domain::id::UserId;

/// The longest name of a user that the protocol allows.
const MAX_NAME: usize = 64;

/// What a text says of whom it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// It may name this user.
    Possible(UserId),
    /// It is a name, but nobody here is ever called that.
    Nobody,
    /// It is no name.
    Impossible,
}

/// Reads the name of a user.
pub(super) fn name(text: &str) -> Naming {
    if let Ok(user) = text.parse() {
        return Naming::Possible(user);
    }
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(fine) {
        return Naming::Impossible;
    }
    Naming::Nobody
}

impl<P: Ports> Api<P> {
    /// Removes a user.
    pub(super) async fn kick(&self, user: &str) -> Result<Answer, Problem> {
        let Naming::Possible(user) = name(user) else {
            return Err(Problem::Unknown);
        };
        let chat = self.state.chat.clone();
        self.obey(async move { chat.kick(user).await })
            .await?
            .map_err(super::bans::refused)?;
        tracing::info!("user removed");
        Ok(answer::with(StatusCode::NO_CONTENT, Content::Nothing))
    }
}
