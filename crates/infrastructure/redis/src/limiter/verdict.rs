//! What the script says of somebody who connects.
//!
//! **Architecture Invariant:** an answer of another form is no verdict.

use crate::client::{FromRedisValue, ParsingError, Value, from_redis_value};
use passerby_domain::time::Millis;
use std::collections::BTreeSet;

/// What the script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They may come in.
    Admitted,
    /// For so long.
    TooManyAttempts(Millis),
    /// These other nodes have seats of their origin.
    TooManySeats(BTreeSet<String>),
}

impl FromRedisValue for Verdict {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let unknown = || ParsingError::from("no verdict");
        let Value::Array(answer) = value else {
            return Err(unknown());
        };
        let mut answer = answer.into_iter();
        match answer.next() {
            Some(Value::Int(1)) => Ok(Self::Admitted),
            Some(Value::Int(0)) => {
                let wait = answer.next().ok_or_else(unknown)?;
                Ok(Self::TooManyAttempts(Millis::new(from_redis_value(wait)?)))
            }
            Some(Value::Int(-1)) => answer
                .map(from_redis_value)
                .collect::<Result<_, _>>()
                .map(Self::TooManySeats),
            _ => Err(unknown()),
        }
    }
}
