//! Errors before the upgrade, as `application/problem+json` (RFC 9457).
//!
//! **Architecture Invariant:** a problem never repeats what the client sent.

use http::StatusCode;
use std::time::Duration;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The request is not one.
    Malformed(&'static str),
    /// A query parameter does not parse.
    Parameter(&'static str),
    /// The page may not open a connection.
    Origin,
    /// There is nothing of that name.
    NotFound,
    /// The method is not served; these are.
    Method(&'static str),
    /// The host name is not served.
    Host,
    /// Only an upgrade is served there.
    UpgradeRequired(&'static str),
    /// Too many connections or attempts from one origin.
    TooMany(Duration),
    /// Too many header lines, or too long ones.
    HeadTooLarge,
    /// The node is draining, full, or cut off from its store.
    Unavailable(&'static str, Duration),
}

impl Problem {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Parameter(_) => StatusCode::BAD_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::UpgradeRequired(_) => StatusCode::UPGRADE_REQUIRED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// One sentence for people.
    const fn detail(self) -> &'static str {
        match self {
            Self::Malformed(detail)
            | Self::Parameter(detail)
            | Self::UpgradeRequired(detail)
            | Self::Unavailable(detail, _) => detail,
            Self::Origin => "pages of this origin may not connect",
            Self::NotFound => "there is nothing here",
            Self::Method(_) => "this method is not served here",
            Self::Host => "this host name is not served here",
            Self::TooMany(_) => "too many connections or attempts from one address",
            Self::HeadTooLarge => "the request has too many or too long header lines",
        }
    }

    /// The header that tells a client what to do better.
    pub(crate) fn advice(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Method(allowed) => vec![("allow", allowed.to_owned())],
            Self::UpgradeRequired(_) => vec![
                ("upgrade", "websocket".to_owned()),
                ("sec-websocket-version", "13".to_owned()),
            ],
            Self::TooMany(after) | Self::Unavailable(_, after) => {
                // Rounded up: who waits for so long is not a moment too early.
                let seconds = after.as_millis().div_ceil(1_000).max(1);
                vec![("retry-after", seconds.to_string())]
            }
            Self::Malformed(_)
            | Self::Parameter(_)
            | Self::Origin
            | Self::NotFound
            | Self::Host
            | Self::HeadTooLarge => Vec::new(),
        }
    }

    /// The problem as JSON. None of its texts needs escaping.
    pub(crate) fn body(self) -> String {
        let status = self.status();
        format!(
            r#"{{"type":"about:blank","title":"{}","status":{},"detail":"{}"}}"#,
            status.canonical_reason().unwrap_or("Error"),
            status.as_u16(),
            self.detail()
        )
    }

    /// The whole answer, for a request that no HTTP library ever sees.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let status = self.status();
        let body = self.body();
        let mut head = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
             cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n",
            status.as_u16(),
            status.canonical_reason().unwrap_or("Error"),
            body.len()
        );
        for (name, value) in self.advice() {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(&value);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        head.push_str(&body);
        head.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_as_long_as_is_advised_is_not_a_moment_too_early() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (59_900, "60")] {
            let problem = Problem::TooMany(Duration::from_millis(millis));
            assert_eq!(
                problem.advice(),
                [("retry-after", seconds.to_owned())],
                "{millis}"
            );
        }
    }
}
