//! HTTP as a program without manners speaks it: bytes out, one answer in.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::Value;

use crate::RawSocket;

/// One HTTP answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header lines, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header that must be there.
    pub fn needs(&self, name: &str) -> &str {
        self.header(name)
            .unwrap_or_else(|| panic!("no `{name}` in {self:?}"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    /// Checks that this is the refusal of RFC 9457 with this status, and that the connection will not go on.
    pub fn is_problem(&self, status: u16) -> &Self {
        self.is_problem_of(&[status])
    }

    /// As [`Answer::is_problem`], where the protocol leaves a choice.
    pub fn is_problem_of(&self, statuses: &[u16]) -> &Self {
        assert!(
            statuses.contains(&self.status),
            "expected {statuses:?}: {} {}",
            self.status,
            self.text()
        );
        let kind = self.needs("content-type");
        assert!(
            kind.starts_with("application/problem+json"),
            "content type `{kind}` with {}",
            self.status
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        for field in ["type", "title"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "no `{field}` in {problem}"
            );
        }
        let connection = self.header("connection").unwrap_or_default().to_ascii_lowercase();
        assert!(
            connection.contains("close"),
            "the connection stays open after {}: {:?}",
            self.status,
            self.headers
        );
        self
    }

    /// Checks that the answer says when to try again: whole seconds, at least one.
    pub fn says_when_to_retry(&self) -> u64 {
        let text = self.needs("retry-after");
        let seconds: u64 = text.parse().unwrap_or_else(|_| panic!("`Retry-After: {text}`"));
        assert!(seconds >= 1, "retry after no time at all");
        seconds
    }
}

/// `GET` of a path, with the right `Host` and these further header lines.
pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    request(address, "GET", path, headers, "").await
}

/// A request with a body (`Content-Length` is added when there is one).
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(text, "Content-Length: {}\r\n", body.len());
    }
    exchange(address, format!("{text}\r\n{body}").as_bytes()).await
}

/// Sends these bytes on a new connection and reads one answer.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut socket = RawSocket::connect(address).await;
    socket.send(bytes).await;
    socket.answer().await
}

/// Takes an answer from the front of the buffer, if a whole one is there; `ended` says that no more will come.
pub(crate) fn take(buffer: &mut Vec<u8>, ended: bool) -> Option<Answer> {
    let head_length = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&buffer[..head_length]).into_owned();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("`{first}` is no status line"));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    let rest = &buffer[head_length..];
    let bodiless = status < 200 || status == 204 || status == 304;
    let used = if bodiless {
        0
    } else if answer.header("transfer-encoding").is_some() {
        let (body, used) = chunks(rest)?;
        answer.body = body;
        used
    } else if let Some(length) = answer
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok())
    {
        // An answer to HEAD states the length of a body that does not come.
        let length = if ended { length.min(rest.len()) } else { length };
        answer.body = rest.get(..length)?.to_vec();
        length
    } else if ended {
        answer.body = rest.to_vec();
        rest.len()
    } else {
        return None;
    };
    buffer.drain(..head_length + used);
    Some(answer)
}

fn chunks(mut rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut used) = (Vec::new(), 0);
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).ok()?;
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        let step = line + 2 + size + 2;
        rest = rest.get(step..)?;
        used += step;
        if size == 0 {
            return Some((body, used));
        }
    }
}
