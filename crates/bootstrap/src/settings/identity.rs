//! Settings of ids, hashes and tokens: section `identity`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::text;
use crate::secret::Secret;

/// The shortest secret that nobody guesses, in bytes.
const SHORTEST: usize = 16;

/// Settings of ids, hashes and tokens.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// The key of all hashes and tokens; none stands for a random one at each start. Once the settings are checked
    /// this is also where the secret of `secret_file` is.
    #[serde(with = "text::optional")]
    pub secret: Option<Secret>,
    /// The file to read the secret from; only one of the two is given.
    #[serde(with = "text::optional")]
    pub secret_file: Option<PathBuf>,
}

impl IdentitySettings {
    /// Whether there is a secret that might be guessed, and with it the addresses behind all hashes.
    pub fn is_weak(&self) -> bool {
        self.secret
            .as_ref()
            .is_some_and(|secret| secret.expose().len() < SHORTEST)
    }

    pub(super) fn read_files(&mut self, problems: &mut Problems) {
        problems.read_secret("identity.secret", &mut self.secret, self.secret_file.as_deref());
    }
}
