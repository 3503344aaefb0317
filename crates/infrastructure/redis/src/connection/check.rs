//! A look at the servers before the node serves anybody.
//!
//! **Architecture Invariant:** what can lose users' places quietly is warned of; only what cannot work is refused.

use super::connector::{Connector, within};
use super::failure::describe;
use super::shared_connection::Connection;
use deadpool_redis::redis::aio::ConnectionLike as _;
use deadpool_redis::redis::{self, RedisError, Value};
use std::time::Duration;

/// The oldest version that works.
const OLDEST: u32 = 7;

/// Why a node should not start with these servers.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// They cannot be reached now. It may be worth starting all the same.
    #[error("redis cannot be reached: {0}")]
    Away(String),
    /// They are too old.
    #[error("redis is older than 7.0")]
    TooOld,
    /// The server belongs to a cluster, and the settings say that it does not; or the other way round.
    #[error("the servers are arranged in another way than the settings say")]
    WrongMode,
}

fn away(error: &RedisError) -> CheckError {
    CheckError::Away(describe(error))
}

pub(super) async fn check(connector: &Connector, patience: Duration) -> Result<(), CheckError> {
    let (mut connection, _) = connector.connect(patience).await.map_err(|error| away(&error))?;
    let mut facts = String::new();
    for section in ["server", "memory", "cluster"] {
        let mut question = redis::cmd("INFO");
        question.arg(section);
        match ask(&mut connection, patience, &question).await {
            Ok(answer) => collect(&answer, &mut facts),
            Err(error) if error.code() == Some("NOPERM") => {
                tracing::warn!(
                    "redis does not let this user see INFO: its version and memory policy are unknown"
                );
                return Ok(());
            }
            Err(error) => return Err(away(&error)),
        }
    }
    judge(&facts, connector.is_cluster())
}

async fn ask(
    connection: &mut Connection,
    patience: Duration,
    question: &redis::Cmd,
) -> Result<Value, RedisError> {
    let answer = within(patience, connection.req_packed_command(question)).await;
    answer.and_then(Value::extract_error)
}

/// In a cluster each node answers.
fn collect(answer: &Value, facts: &mut String) {
    match answer {
        Value::BulkString(text) => {
            facts.push_str(&String::from_utf8_lossy(text));
            facts.push('\n');
        }
        Value::VerbatimString { text, .. } => {
            facts.push_str(text);
            facts.push('\n');
        }
        Value::Array(answers) => answers.iter().for_each(|answer| collect(answer, facts)),
        Value::Map(answers) => answers.iter().for_each(|(_, answer)| collect(answer, facts)),
        _ => {}
    }
}

fn judge(facts: &str, should_be_cluster: bool) -> Result<(), CheckError> {
    let all = |name: &'static str| {
        facts
            .lines()
            .filter_map(move |line| line.trim().strip_prefix(name)?.strip_prefix(':'))
    };
    let is_too_old = |version: &str| {
        let major = version.split('.').next().and_then(|major| major.parse().ok());
        major.is_some_and(|major: u32| major < OLDEST)
    };
    if all("redis_version").any(is_too_old) {
        return Err(CheckError::TooOld);
    }
    let expected = if should_be_cluster { "1" } else { "0" };
    if all("cluster_enabled").any(|enabled| enabled != expected) {
        return Err(CheckError::WrongMode);
    }
    if all("maxmemory_policy").any(|policy| policy != "noeviction") {
        tracing::warn!("redis may forget users when memory is short: set its maxmemory-policy to noeviction");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_is_refused() {
        assert!(matches!(
            judge("redis_version:6.2.14\r\n", false),
            Err(CheckError::TooOld)
        ));
        assert!(judge("redis_version:7.0.15\r\n", false).is_ok());
        assert!(judge("redis_version:10.1.0\r\n", false).is_ok());
    }

    #[test]
    fn one_old_node_of_a_cluster_is_one_too_many() {
        let facts = "redis_version:7.2.0\r\nredis_version:6.0.0\r\ncluster_enabled:1";
        assert!(matches!(judge(facts, true), Err(CheckError::TooOld)));
    }

    #[test]
    fn a_cluster_is_not_taken_for_one_server_nor_one_server_for_a_cluster() {
        assert!(matches!(
            judge("cluster_enabled:1", false),
            Err(CheckError::WrongMode)
        ));
        assert!(matches!(
            judge("cluster_enabled:0", true),
            Err(CheckError::WrongMode)
        ));
        assert!(judge("cluster_enabled:1", true).is_ok());
    }
}
