//! From HTTP to WebSocket: everything that is decided before the 101.

use crate::address::client_address;
use crate::front::Front;
use crate::gate::{Place, Readiness};
use crate::problem::Problem;
use crate::routes::{Answer, check_origin};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use passerby_application::ports::{Clock, Ports, TurnedAway};
use passerby_application::{Admission, Entry, NotNow, Returning};
use passerby_domain::criteria::{Criteria, Interests, Language, Mode};
use passerby_domain::id::Seq;
use passerby_protocol::{
    ConnectQuery, JoinMode, RESUME_BYTES, RESUME_SUBPROTOCOL_PREFIX, SUBPROTOCOL, parse_query,
};
use std::net::IpAddr;
use std::time::Duration;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::{Error, error::ProtocolError};

/// A connection that may become a WebSocket.
pub(crate) struct Upgrade<P: Ports> {
    /// Where the client is.
    pub(crate) address: IpAddr,
    /// By what right it comes in.
    pub(crate) right: Right<P>,
    /// Whom it wants to meet.
    pub(crate) criteria: Criteria,
    /// Whether at once.
    pub(crate) entry: Entry,
    /// What it has seen already, if it comes back.
    pub(crate) seen: Seq,
    /// Its place in the count of connections.
    pub(crate) place: Place,
}

/// By what right a client comes in.
pub(crate) enum Right<P: Ports> {
    /// It was let in, as one of its origin.
    Admitted(Admission<P>),
    /// It has a seat.
    Returning(Returning<P>),
}

/// Decides about an upgrade.
pub(crate) async fn grant<P: Ports>(
    front: &Front<P>,
    peer: IpAddr,
    request: &Request<Incoming>,
) -> Result<(Upgrade<P>, Answer), Problem> {
    let mut response = answer_to(request)?;
    check_single(request.headers())?;
    check_origin(request.headers(), &front.options)?;
    let query = parse_query(request.uri().query())
        .map_err(|_| Problem::Parameter("a query parameter has a value that is not allowed"))?;
    let criteria = criteria(&query)?;
    let offered = Offered::read(request.headers())?;
    if offered.passerby {
        response.headers_mut().insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
    }
    match front.gate.readiness() {
        Readiness::Ready | Readiness::CutOff => {}
        Readiness::Starting | Readiness::Draining => {
            return Err(unavailable(front, "the node takes nobody in"));
        }
    }
    let limit = front.options.connections.map(std::num::NonZeroUsize::get);
    let place = front
        .gate
        .enter(limit)
        .ok_or_else(|| unavailable(front, "the node is full"))?;
    let address = client_address(peer, request.headers(), &front.options.trusted_proxies);
    let token = offered.token.or(query.resume);
    let recognised = match token {
        Some(token) => {
            let recognised = front.chat.recognise(&token).await;
            recognised.map_err(|not_now| match not_now {
                NotNow::TooOften(exhausted) => Problem::TooMany(exhausted.retry_after.into()),
                NotNow::Store(_) => unavailable(front, "the store cannot be reached"),
            })?
        }
        None => None,
    };
    let right = match recognised {
        Some(returning) => Right::Returning(returning),
        None => Right::Admitted(front.chat.admit(address).await.map_err(
            |turned_away| match turned_away {
                TurnedAway::TooMany { retry_after } => Problem::TooMany(retry_after.into()),
                TurnedAway::Store(_) => unavailable(front, "the store cannot be reached"),
            },
        )?),
    };
    let entry = match query.join {
        JoinMode::Auto => Entry::Queue,
        JoinMode::Manual => Entry::Idle,
    };
    let upgrade = Upgrade {
        address,
        right,
        criteria,
        entry,
        seen: Seq::new(query.last_seq),
        place,
    };
    Ok((upgrade, Ok(response)))
}

/// Asks for a little patience, different each time so that not all come back at once.
fn unavailable<P: Ports>(front: &Front<P>, detail: &'static str) -> Problem {
    let spread = front.chat.adapters().clock.now().as_millis() % 5;
    Problem::Unavailable(detail, Duration::from_secs(1 + spread))
}

/// The answer to a handshake that is in order.
fn answer_to<B>(request: &Request<B>) -> Result<Response<Full<Bytes>>, Problem> {
    let mut lines = request.headers().get_all(header::CONNECTION).iter();
    let answer = match (lines.next(), lines.next()) {
        (Some(first), Some(second)) => {
            // A list over several lines is one list (RFC 9110, 5.3), and tungstenite looks at the first line.
            let all = [first, second].into_iter().chain(lines);
            let all: Vec<_> = all.map(HeaderValue::as_bytes).collect();
            let mut joined = Request::new(());
            *joined.method_mut() = request.method().clone();
            *joined.version_mut() = request.version();
            *joined.headers_mut() = request.headers().clone();
            if let Ok(all) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
                joined.headers_mut().insert(header::CONNECTION, all);
            }
            create_response_with_body(&joined, Full::default)
        }
        _ => create_response_with_body(request, Full::default),
    };
    answer.map_err(|error| handshake_problem(&error))
}

fn handshake_problem(error: &Error) -> Problem {
    match error {
        Error::Protocol(ProtocolError::MissingSecWebSocketKey | ProtocolError::InvalidSecWebSocketKey) => {
            Problem::Malformed("the header Sec-WebSocket-Key is not valid")
        }
        _ => Problem::UpgradeRequired("only websocket connections of version 13 are served here"),
    }
}

/// Headers of the handshake that must not come twice.
fn check_single(headers: &HeaderMap) -> Result<(), Problem> {
    for name in [header::SEC_WEBSOCKET_KEY, header::SEC_WEBSOCKET_VERSION] {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(Problem::Malformed("a header of the handshake comes twice"));
        }
    }
    Ok(())
}

fn criteria(query: &ConnectQuery) -> Result<Criteria, Problem> {
    let interests = Interests::parse(query.interests.iter().map(String::as_str))
        .map_err(|_| Problem::Parameter("the interests are not valid"))?;
    let language = query.language.as_deref().map(Language::parse).transpose();
    let language = language.map_err(|_| Problem::Parameter("the language is not a valid tag"))?;
    let mode = match query.mode {
        Some(passerby_protocol::Mode::Video) => Mode::Video,
        Some(passerby_protocol::Mode::Text) | None => Mode::Text,
    };
    Ok(Criteria {
        interests,
        language,
        mode,
    })
}

/// What a client offers in `Sec-WebSocket-Protocol`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offered {
    passerby: bool,
    token: Option<String>,
}

impl Offered {
    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut offered = Self::default();
        for line in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
            for name in line.to_str().unwrap_or_default().split(',').map(str::trim) {
                if name == SUBPROTOCOL {
                    offered.passerby = true;
                } else if let Some(token) = name.strip_prefix(RESUME_SUBPROTOCOL_PREFIX) {
                    if token.len() > RESUME_BYTES {
                        return Err(Problem::Parameter("the resume token is too long"));
                    }
                    offered.token.get_or_insert_with(|| token.to_owned());
                }
            }
        }
        Ok(offered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(lines: &[&str]) -> Result<Offered, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_str(line).expect("a header"),
            );
        }
        Offered::read(&headers)
    }

    #[test]
    fn the_subprotocol_and_a_token_are_found_among_what_is_offered() {
        let found = offered(&["chat, passerby.v1", "passerby.resume.abc"]);
        assert_eq!(
            found,
            Ok(Offered {
                passerby: true,
                token: Some("abc".to_owned())
            })
        );
        assert_eq!(offered(&[]), Ok(Offered::default()));
        assert_eq!(offered(&["passerby.v2"]), Ok(Offered::default()));
    }

    #[test]
    fn a_token_that_is_too_long_is_refused() {
        assert!(offered(&[&format!("passerby.resume.{}", "x".repeat(513))]).is_err());
    }
}
