//! Settings of the admin listener: section `admin`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::{LOOPBACK, text};
use crate::secret::Secret;

/// Settings of the admin listener.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSettings {
    /// Where to listen; port 0 picks a free one.
    #[serde(with = "text")]
    pub listen: SocketAddr,
    /// The bearer token of the operator API, which is switched off without one. Once the settings are checked this
    /// is also where the token of `token_file` is.
    #[serde(with = "text::optional")]
    pub token: Option<Secret>,
    /// The file to read the token from; only one of the two is given.
    #[serde(with = "text::optional")]
    pub token_file: Option<PathBuf>,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(LOOPBACK, 9090),
            token: None,
            token_file: None,
        }
    }
}

impl AdminSettings {
    pub(super) fn read_files(&mut self, problems: &mut Problems) {
        problems.read_secret("admin.token", &mut self.token, self.token_file.as_deref());
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        // A header cannot carry other characters, so nobody could ever sign in.
        let fits_header = |token: &Secret| token.expose().bytes().all(|byte| byte.is_ascii_graphic());
        if !self.token.as_ref().is_none_or(fits_header) {
            problems.add("admin.token", "expected visible ASCII characters without spaces");
        }
    }
}
