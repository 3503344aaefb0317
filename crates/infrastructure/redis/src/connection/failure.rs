//! What the client library reports, as what a caller can act on.
//!
//! **Architecture Invariants.** No text of Redis or of the library is passed on that could hold an argument, an address
//! or a password: an error says its code, and what a script says about itself.

use std::io;
use std::sync::Arc;

use deadpool_redis::redis::{ErrorKind, RedisError, ServerErrorKind};
use passerby_application::ports::StoreError;

/// Why Redis did not do what it was asked. The cause of a [`StoreError`], for operators.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Redis is known to be away, so it was not asked.
    #[error("redis is away")]
    Away,
    /// Nothing came within the time for it.
    #[error("no answer in time")]
    Slow,
    /// The connection broke.
    #[error("the connection failed: {0}")]
    Broken(String),
    /// Redis answered with an error.
    #[error("redis answers {0}")]
    Refused(String),
    /// A script failed, and this is what it says.
    #[error("a script failed: {0}")]
    Script(String),
    /// It knows nothing of something, and has lost what it knew.
    #[error("redis has lost what it knew")]
    Forgetful,
    /// The answer has another shape than it should.
    #[error("an answer of another shape than expected")]
    Shape,
    /// All pooled connections are in use.
    #[error("no pooled connection became free in time")]
    PoolBusy,
}

impl Failure {
    pub(crate) fn away() -> StoreError {
        StoreError::Unavailable(Self::Away.into())
    }

    pub(crate) fn slow() -> StoreError {
        StoreError::Timeout(Self::Slow.into())
    }

    pub(crate) fn forgetful() -> StoreError {
        StoreError::Unavailable(Self::Forgetful.into())
    }

    pub(crate) fn shape() -> StoreError {
        StoreError::Corrupt(Self::Shape.into())
    }
}

/// How the library keeps the error of another one.
type Shared = Arc<dyn std::error::Error + Send + Sync>;

/// What an error means for the connection it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It works.
    Kept,
    /// It did not answer in time, and may never.
    Doubted,
    /// It leads nowhere, or to a server that is not the primary (any more).
    Dropped,
}

/// What an error means for its connection.
pub(crate) fn fate(error: &RedisError) -> Fate {
    use ServerErrorKind as Server;
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => Fate::Doubted,
        // A protocol that cannot be parsed is out of step for good.
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::AuthenticationFailed
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::Server(
            Server::BusyLoading | Server::MasterDown | Server::ReadOnly | Server::ClusterDown | Server::Moved,
        ) => Fate::Dropped,
        _ => Fate::Kept,
    }
}

/// The error as the ports know it.
pub(crate) fn store_error(error: &RedisError) -> StoreError {
    use ServerErrorKind as Server;
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => Failure::slow(),
        ErrorKind::Io if error.is_connection_refusal() => {
            StoreError::Unavailable(Failure::Broken(reason(error)).into())
        }
        // Whoever was waiting for an answer does not know what became of the command.
        ErrorKind::Io => StoreError::Timeout(Failure::Broken(reason(error)).into()),
        ErrorKind::Server(Server::ResponseError) => StoreError::Corrupt(script_failure(error).into()),
        ErrorKind::Server(Server::CrossSlot | Server::NoScript | Server::NotBusy | Server::NoSub) => {
            StoreError::Corrupt(Failure::Refused(code(error)).into())
        }
        ErrorKind::Extension if error.code() == Some("WRONGTYPE") => {
            StoreError::Corrupt(Failure::Refused(code(error)).into())
        }
        ErrorKind::Server(_) | ErrorKind::Extension => {
            StoreError::Unavailable(Failure::Refused(code(error)).into())
        }
        ErrorKind::UnexpectedReturnType => Failure::shape(),
        _ => StoreError::Unavailable(Failure::Broken(error.category().to_owned()).into()),
    }
}

/// The error for a log: by its code or kind.
pub(super) fn describe(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::Io => reason(error),
        ErrorKind::Server(_) | ErrorKind::Extension => code(error),
        _ => error.category().to_owned(),
    }
}

fn code(error: &RedisError) -> String {
    error.code().unwrap_or("an error without a code").to_owned()
}

/// What the system or the TLS library says. Both know addresses at most by name.
fn reason(error: &RedisError) -> String {
    use std::error::Error as _;
    // The library shares what it was told, and what it calls the source is the share.
    let told = error.source().and_then(|source| source.downcast_ref::<Shared>());
    match told.and_then(|told| told.downcast_ref::<io::Error>()) {
        Some(error) => error.to_string(),
        None => error.category().to_owned(),
    }
}

/// The text of an `ERR` repeats arguments, unless it is what a script says of its own line.
fn script_failure(error: &RedisError) -> Failure {
    match error.detail() {
        Some(detail) if detail.contains("user_script:") => {
            let start = detail.find("user_script:").unwrap_or_default();
            Failure::Script(detail[start..].chars().take(200).collect())
        }
        _ => Failure::Refused(code(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadpool_redis::redis::parse_redis_value;

    fn answer(text: &str) -> RedisError {
        parse_redis_value(format!("-{text}\r\n").as_bytes())
            .unwrap()
            .extract_error()
            .unwrap_err()
    }

    fn chain(error: &StoreError) -> String {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }

    #[test]
    fn a_server_that_is_not_ready_is_unavailable_and_its_connection_is_dropped() {
        for text in [
            "READONLY You can't write against a read only replica.",
            "LOADING Redis is loading the dataset in memory",
            "MASTERDOWN Link with MASTER is down",
            "CLUSTERDOWN The cluster is down",
            "MOVED 1 127.0.0.1:7000",
        ] {
            let error = answer(text);
            assert_eq!(fate(&error), Fate::Dropped, "{text}");
            assert!(
                matches!(store_error(&error), StoreError::Unavailable(_)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_server_that_refuses_is_unavailable_and_its_connection_kept() {
        for text in [
            "BUSY Redis is busy running a script.",
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "OOM command not allowed when used memory > 'maxmemory'.",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOREPLICAS Not enough good replicas to write.",
            "NOPERM this user has no permissions",
        ] {
            let error = answer(text);
            assert_eq!(fate(&error), Fate::Kept, "{text}");
            assert!(
                matches!(store_error(&error), StoreError::Unavailable(_)),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_that_was_sent_comes_back_in_an_error() {
        let error = answer("ERR unknown command 'FOO', with args beginning with: 's3cret'");
        let error = store_error(&error);
        assert!(matches!(error, StoreError::Corrupt(_)));
        assert_eq!(
            chain(&error),
            "the store's answer makes no sense: redis answers ERR"
        );
    }

    #[test]
    fn a_script_that_fails_says_where() {
        let error =
            answer("ERR user_script:7: attempt to compare nil with number script: 4f, on @user_script:7.");
        assert!(chain(&store_error(&error)).contains("user_script:7: attempt to compare nil"));
    }

    #[test]
    fn a_connection_that_fails_says_how() {
        let told = |kind: io::ErrorKind, text: &str| describe(&RedisError::from(io::Error::new(kind, text)));
        assert_eq!(told(io::ErrorKind::ConnectionRefused, "refused"), "refused");
        assert_eq!(
            told(
                io::ErrorKind::InvalidData,
                "invalid peer certificate: UnknownIssuer"
            ),
            "invalid peer certificate: UnknownIssuer"
        );
    }

    #[test]
    fn what_broke_while_somebody_waited_may_have_happened() {
        let broken = RedisError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(fate(&broken), Fate::Dropped);
        assert!(matches!(store_error(&broken), StoreError::Timeout(_)));
        let refused = RedisError::from(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(matches!(store_error(&refused), StoreError::Unavailable(_)));
        let slow = RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
        assert_eq!(fate(&slow), Fate::Doubted);
        assert!(matches!(store_error(&slow), StoreError::Timeout(_)));
    }
}
