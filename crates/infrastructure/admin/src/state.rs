//! What the listener is given: the chat, the metrics, the token, and two ways to the node's life cycle.

use crate::metrics::Metrics;
use passerby_application::Chat;
use passerby_application::ports::Ports;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

/// Whether new connections are welcome on this node, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does not listen yet.
    Starting,
    /// They are.
    Ready,
    /// It sends everybody away.
    Draining,
    /// It cannot reach the store.
    CutOff,
}

impl Readiness {
    /// The word for it in answers.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::CutOff => "cut_off",
        }
    }

    /// Why new connections are not welcome, if they are not.
    pub(crate) const fn obstacle(self) -> Option<&'static str> {
        match self {
            Self::Starting => Some("the node is starting"),
            Self::Ready => None,
            Self::Draining => Some("the node is draining"),
            Self::CutOff => Some("the node cannot reach the store"),
        }
    }
}

/// Asks the node how it is. Called for each probe; it must not wait.
pub type ReadinessSource = Arc<dyn Fn() -> Readiness + Send + Sync>;

/// The operator's bearer token. It is not empty, and `Debug` does not show it.
#[derive(Clone)]
pub struct Token(Box<[u8]>);

impl Token {
    /// Takes `secret`, unless it is empty.
    pub fn new(secret: &[u8]) -> Option<Self> {
        (!secret.is_empty()).then(|| Self(secret.into()))
    }

    /// Whether `presented` is the token. Takes the same time whichever byte is wrong; only the length can be told.
    pub(crate) fn matches(&self, presented: &[u8]) -> bool {
        self.0.ct_eq(presented).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([REDACTED])")
    }
}

/// Everything the listener works with.
pub struct AdminState<P: Ports> {
    /// Carries out the orders.
    pub chat: Arc<Chat<P>>,
    /// Who may give orders; with `None` nobody may.
    pub token: Option<Token>,
    /// What is told to Prometheus.
    pub metrics: Metrics,
    /// How the node is.
    pub readiness: ReadinessSource,
    /// Cancelled when an operator asks the node to drain.
    pub drain: CancellationToken,
    /// The version of the node.
    pub version: &'static str,
}

impl<P: Ports> fmt::Debug for AdminState<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminState")
            .field("chat", &self.chat)
            .field("token", &self.token)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_empty_and_never_shown() {
        assert!(Token::new(b"").is_none());
        assert_eq!(
            format!("{:?}", Token::new(b"open sesame")),
            "Some(Token([REDACTED]))"
        );
    }

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::new(b"open sesame").unwrap();
        assert!(token.matches(b"open sesame"));
        for wrong in [&b""[..], b"open", b"open sesamf", b"open sesame "] {
            assert!(!token.matches(wrong));
        }
    }
}
