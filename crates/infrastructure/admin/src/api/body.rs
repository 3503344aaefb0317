//! The body of a request: bounded, and JSON objects only.

use super::problem::Problem;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

/// The biggest body, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Reads a body. One that says it is too big is refused unread.
pub(super) async fn read(headers: &HeaderMap, body: Incoming) -> Result<Bytes, Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > MAX_BYTES as u64) {
        return Err(Problem::TooLarge);
    }
    match Limited::new(body, MAX_BYTES).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::TooLarge),
        Err(_) => Err(Problem::BadBody),
    }
}

/// Reads a body as the JSON object `T`.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A list of the members' values would be taken for the object, were it not refused here.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::BadBody);
    }
    serde_json::from_slice(body).map_err(|_| Problem::BadBody)
}
