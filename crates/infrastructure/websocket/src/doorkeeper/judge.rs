//! Whether one request head is good.

use crate::problem::Problem;
use httparse::{Header, Request, Status};
use std::net::Ipv6Addr;

/// The longest head, in bytes.
pub(crate) const MAX_HEAD: usize = 16 * 1024;
/// The most header lines.
pub(crate) const MAX_LINES: usize = 64;

/// A good head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Its length, in bytes.
    pub(super) len: usize,
    /// Whether it asks for a WebSocket, so that frames may follow.
    pub(super) is_upgrade: bool,
}

/// Judges the head at the front of `bytes`; `None` if it is not all there yet.
pub(super) fn judge(bytes: &[u8]) -> Result<Option<Head>, Problem> {
    if bytes
        .first()
        .is_some_and(|first| !first.is_ascii_alphabetic() && !b"\r\n".contains(first))
    {
        return Err(Problem::Malformed("this is not an http request"));
    }
    let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut request = Request::new(&mut lines);
    let parsed = request.parse(bytes);
    let seen = match parsed {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) | Err(_) => bytes.len(),
    };
    if seen > MAX_HEAD {
        return Err(Problem::HeadTooLarge);
    }
    let len = match parsed {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => {
            return if has_bare_line_feed(bytes) {
                Err(BARE_LINE_FEED)
            } else {
                Ok(None)
            };
        }
        Err(httparse::Error::TooManyHeaders) => return Err(Problem::HeadTooLarge),
        Err(httparse::Error::Version) => {
            return Err(Problem::Malformed("this version of http is not served"));
        }
        Err(_) => return Err(Problem::Malformed("the request is not well formed")),
    };
    if has_bare_line_feed(&bytes[..len]) {
        return Err(BARE_LINE_FEED);
    }
    let body = check_body(request.headers)?;
    check_host(request.headers, request.version)?;
    let target = request.path.unwrap_or_default();
    match request.method.unwrap_or_default() {
        "GET" | "HEAD" => {}
        _ => {
            let path = target.split('?').next().unwrap_or_default();
            return Err(Problem::Method(if path == "/ws" { "GET" } else { "GET, HEAD" }));
        }
    }
    if !target.starts_with('/') {
        return Err(Problem::Malformed("the request target must be a path"));
    }
    if body == Body::Some {
        return Err(Problem::Malformed("the request must not have a body"));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !path.bytes().all(may_be_in_target) {
        return Err(Problem::NotFound);
    }
    if !query.bytes().all(may_be_in_target) {
        return Err(Problem::Parameter(
            "the query has characters that must be encoded",
        ));
    }
    let is_upgrade = values(request.headers, "upgrade").any(|value| value.eq_ignore_ascii_case(b"websocket"));
    Ok(Some(Head { len, is_upgrade }))
}

const BARE_LINE_FEED: Problem = Problem::Malformed("lines must end with carriage return and line feed");

fn has_bare_line_feed(bytes: &[u8]) -> bool {
    let mut before = 0;
    bytes.iter().any(|&byte| {
        let bare = byte == b'\n' && before != b'\r';
        before = byte;
        bare
    })
}

/// Whether a body follows the head.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    None,
    Some,
}

fn check_body(lines: &[Header<'_>]) -> Result<Body, Problem> {
    let mut length: Option<&[u8]> = None;
    for value in values(lines, "content-length") {
        let is_number = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
        if !is_number || length.is_some_and(|other| other != value) {
            return Err(Problem::Malformed("the length of the body is not clear"));
        }
        length = Some(value);
    }
    let mut chunked = Body::None;
    for value in values(lines, "transfer-encoding") {
        if length.is_some() || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Problem::Malformed("the length of the body is not clear"));
        }
        chunked = Body::Some;
    }
    let is_empty = length.is_none_or(|digits| digits.iter().all(|digit| *digit == b'0'));
    Ok(if is_empty { chunked } else { Body::Some })
}

fn check_host(lines: &[Header<'_>], version: Option<u8>) -> Result<(), Problem> {
    let mut hosts = values(lines, "host");
    match (hosts.next(), hosts.next()) {
        // A probe that speaks HTTP/1.0 need not name a host.
        (None, _) if version == Some(0) => Ok(()),
        (Some(host), None) if is_host(host) => Ok(()),
        _ => Err(Problem::Malformed("the request must name one host")),
    }
}

/// A name or an address, and perhaps a port.
fn is_host(host: &[u8]) -> bool {
    let Ok(host) = str::from_utf8(host) else {
        return false;
    };
    let (is_good, after) = if let Some(rest) = host.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return false;
        };
        (address.parse::<Ipv6Addr>().is_ok(), after)
    } else {
        let (name, after) = host.split_at(host.find(':').unwrap_or(host.len()));
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        (!name.is_empty() && name.bytes().all(fine), after)
    };
    let is_port = |port: &str| {
        port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    };
    is_good && (after.is_empty() || after.strip_prefix(':').is_some_and(is_port))
}

/// Bytes that an HTTP library takes in a path or a query; a path with others names nothing that is served, and no parameter
/// has others as it stands.
fn may_be_in_target(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte)
}

fn values<'a>(lines: &'a [Header<'_>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    lines
        .iter()
        .filter(move |line| line.name.eq_ignore_ascii_case(name))
        .map(|line| line.value.trim_ascii())
}

#[cfg(test)]
mod tests;
