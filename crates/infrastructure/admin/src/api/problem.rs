//! What is wrong with a request, and how that is said: RFC 9457, in fixed words.
//!
//! **Architecture Invariant:** no variant holds anything that a request said.

use super::answer::{self, Answer, Content};
use http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use passerby_application::ports::StoreError;
use serde::Serialize;
use std::error::Error;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// A web page sent it.
    WebPage,
    /// No token is configured, so nobody is an operator.
    Disabled,
    /// There is no token, or a wrong one.
    Unauthorized,
    /// Too many wrong tokens came from there; try again after so many seconds.
    TooManyGuesses(u64),
    /// There is no such thing.
    NotFound,
    /// It cannot be done with that thing; these can.
    MethodNotAllowed(&'static str),
    /// The body did not come in time.
    TooSlow,
    /// The body is too big.
    TooLarge,
    /// The query of the URL is not understood.
    BadQuery,
    /// The body is not the JSON object it should be.
    BadBody,
    /// Nobody, or nothing, has that name.
    Unknown,
    /// New connections are not welcome, for this reason.
    NotReady(&'static str),
    /// The store failed.
    Store,
    /// Something that never happens.
    Internal,
}

#[derive(Serialize)]
struct Description {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
}

impl Problem {
    /// The store failed. Why is for the log alone.
    pub(super) fn store(error: &StoreError) -> Self {
        tracing::warn!(cause = error.source().map(tracing::field::display), "{error}");
        Self::Store
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::WebPage | Self::Disabled => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::TooManyGuesses(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound | Self::Unknown => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadQuery | Self::BadBody => StatusCode::BAD_REQUEST,
            Self::NotReady(_) | Self::Store => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::WebPage => "requests of web pages (with an Origin header) may change nothing",
            Self::Disabled => "the operator API is off: no admin.token is configured",
            Self::Unauthorized => {
                "the operator API needs the token of admin.token in an Authorization header"
            }
            Self::TooManyGuesses(_) => "too many wrong tokens; wait before the next attempt",
            Self::NotFound => "there is nothing at this path",
            Self::MethodNotAllowed(_) => "this cannot be done here; the Allow header says what can",
            Self::TooSlow => "the body did not come in time",
            Self::TooLarge => "a body has at most 64 KiB",
            Self::BadQuery => "the query has a member that is unknown, repeated or out of its bounds",
            Self::BadBody => {
                "the body is not the JSON object that the description asks for: a member is missing, unknown, \
                 repeated, of the wrong kind or out of its bounds"
            }
            Self::Unknown => "there is none of that name",
            Self::NotReady(why) => why,
            Self::Store => "the store did not do it, or did not say so in time",
            Self::Internal => "the order could not be carried out",
        }
    }

    fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Unauthorized => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::TooManyGuesses(seconds) => Some((RETRY_AFTER, HeaderValue::from(seconds))),
            Self::MethodNotAllowed(allow) => Some((ALLOW, HeaderValue::from_static(allow))),
            Self::Store => Some((RETRY_AFTER, HeaderValue::from(1))),
            Self::WebPage
            | Self::Disabled
            | Self::NotFound
            | Self::TooSlow
            | Self::TooLarge
            | Self::BadQuery
            | Self::BadBody
            | Self::Unknown
            | Self::NotReady(_)
            | Self::Internal => None,
        }
    }

    pub(super) fn into_answer(self) -> Answer {
        let status = self.status();
        let description = Description {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.detail(),
        };
        // Fixed words always become JSON; should they not, the status says enough.
        let content =
            serde_json::to_vec(&description).map_or(Content::Nothing, |bytes| Content::Problem(bytes.into()));
        let mut answer = answer::with(status, content);
        if let Some((name, value)) = self.header() {
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}
