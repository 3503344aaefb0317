//! What every answer has in common.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

use super::problem::Problem;

/// An answer, whole.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What an answer holds.
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(Bytes),
    /// A description of what is wrong, as RFC 9457 has it.
    Problem(Bytes),
    /// Something else, and what it is.
    Text(HeaderValue, Bytes),
}

/// An answer with this status.
pub(super) fn with(status: StatusCode, content: Content) -> Answer {
    let (media_type, bytes) = match content {
        Content::Nothing => (None, Bytes::new()),
        Content::Json(bytes) => (Some(HeaderValue::from_static("application/json")), bytes),
        Content::Problem(bytes) => (Some(HeaderValue::from_static("application/problem+json")), bytes),
        Content::Text(media_type, bytes) => (Some(media_type), bytes),
    };
    let mut answer = Response::new(Full::new(bytes));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    if let Some(media_type) = media_type {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // One request per connection: an operator asks seldom, and a connection that ends is one less to watch over.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// What was asked for.
pub(super) fn ok(content: Content) -> Answer {
    with(StatusCode::OK, content)
}

/// A word for people and probes.
pub(super) fn text(words: &'static str) -> Answer {
    let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    ok(Content::Text(media_type, Bytes::from_static(words.as_bytes())))
}

/// `value` as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Content, Problem> {
    serde_json::to_vec(value)
        .map(|bytes| Content::Json(bytes.into()))
        .map_err(|_| Problem::Internal)
}
