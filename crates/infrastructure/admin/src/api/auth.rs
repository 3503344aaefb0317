//! Who is an operator: whoever has the token.
//!
//! The right token is always taken, also while its peer is being slowed for wrong ones: otherwise anybody behind
//! the same proxy could lock the operators out. A token of 128 random bits is not to be guessed anyway; slowing
//! makes the attempt visible and cheap.

use super::guesses::Guesses;
use super::problem::Problem;
use crate::state::Token;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use passerby_domain::time::Moment;
use std::net::IpAddr;

/// Lets operators through.
pub(super) fn check(
    token: Option<&Token>,
    guesses: &Guesses,
    peer: IpAddr,
    headers: &HeaderMap,
    now: Moment,
) -> Result<(), Problem> {
    let token = token.ok_or(Problem::Disabled)?;
    let presented = bearer(headers).ok_or(Problem::Unauthorized)?;
    if token.matches(presented) {
        return Ok(());
    }
    match guesses.count(peer, now) {
        Ok(()) => Err(Problem::Unauthorized),
        Err(wait) => Err(Problem::TooManyGuesses(wait.get().div_ceil(1_000).max(1))),
    }
}

/// The token in the one `Authorization` header there is. Tokens elsewhere, as in the query, are none: they end up
/// in logs and histories.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    let (scheme, rest) = line.as_bytes().split_at_checked(7)?;
    if !scheme.eq_ignore_ascii_case(b"Bearer ") {
        return None;
    }
    Some(rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::net::Ipv4Addr;

    fn ask(lines: &[&'static str]) -> Result<(), Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_static(line));
        }
        let token = Token::new(b"open sesame");
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        check(
            token.as_ref(),
            &Guesses::default(),
            peer,
            &headers,
            Moment::ORIGIN,
        )
    }

    #[test]
    fn the_token_opens_the_door() {
        assert_eq!(ask(&["Bearer open sesame"]), Ok(()));
        assert_eq!(ask(&["bearer  open sesame "]), Ok(()));
    }

    #[test]
    fn nothing_else_does() {
        for lines in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearer open"],
            &["Basic open sesame"],
            &["open sesame"],
            &["Bearer open sesame", "Bearer open sesame"],
        ] {
            assert_eq!(ask(lines), Err(Problem::Unauthorized), "{lines:?}");
        }
    }
}
