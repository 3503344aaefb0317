//! Open files: every user is one.
//!
//! **Architecture Invariants:** raises this process's own soft limit up to the hard one, and nothing else.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::Failure;

/// What the program itself holds open, amply.
const OWN: u64 = 64;

/// Makes room for this many users.
///
/// # Errors
/// When even the hard limit is too low.
pub(crate) fn make_room(users: usize) -> Result<(), Failure> {
    let needed = u64::try_from(users).unwrap_or(u64::MAX).saturating_add(OWN);
    let limit = getrlimit(Resource::Nofile);
    // No limit at all is told as none.
    let is_enough = |allowed: Option<u64>| allowed.is_none_or(|allowed| allowed >= needed);
    if is_enough(limit.current) {
        return Ok(());
    }
    if !is_enough(limit.maximum) {
        return Err(Failure::OpenFiles {
            users,
            needed,
            allowed: limit.maximum.unwrap_or(u64::MAX),
        });
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|error| Failure::System {
        what: "more open files",
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_users_than_the_machine_has_files_are_refused_with_both_figures() {
        let Err(failure) = make_room(usize::MAX) else {
            // A machine without a limit has room for everybody.
            assert_eq!(getrlimit(Resource::Nofile).maximum, None);
            return;
        };
        assert!(failure.to_string().contains("ulimit -n"), "{failure}");
    }

    #[test]
    fn a_few_users_always_fit() {
        assert!(make_room(2).is_ok());
    }
}
