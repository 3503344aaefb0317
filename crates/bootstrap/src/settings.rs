//! The settings of a node: read once at the start, checked as a whole, and typed from then on.
//!
//! Three layers, the later one winning key by key: the embedded `default.toml`, the file named on the command line, and
//! the variables `PASSERBY__SECTION__KEY`.
//!
//! They are [`Settings`] while they are put together, by these layers or field by field, and [`CheckedSettings`] from the
//! check on; a node takes no others.
//!
//! **Architecture Invariants.** Settings stop at this crate: the other crates have options of their own, which wiring
//! fills. No value is looked up by name after loading. Nothing here prints, logs or ends the process. There is a file for
//! each section, with its fields, its defaults and the rules that concern it alone; it knows no other section, but that
//! the store asks for the identity's secret.

mod admin;
mod by_hand;
mod checked;
mod http;
mod identity;
mod layers;
mod limits;
mod log;
mod matching;
mod node;
mod origins;
mod problem;
mod runtime;
mod scalar;
mod session;
mod store;
mod text;
mod video;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use config::{Config, ConfigError};
use serde::{Deserialize, Serialize};

pub use self::admin::AdminSettings;
pub use self::by_hand::UnfitText;
pub use self::checked::{CheckedSettings, InvalidSettings};
pub use self::http::HttpSettings;
pub use self::identity::IdentitySettings;
pub use self::layers::DEFAULTS;
use self::layers::Layers;
pub use self::limits::LimitSettings;
pub use self::log::{LogFormat, LogLevel, LogSettings};
pub use self::matching::MatchingSettings;
pub use self::node::NodeSettings;
pub use self::origins::{AllowedOrigins, HostName, WebOrigin};
pub use self::problem::Problem;
use self::problem::Problems;
pub use self::runtime::RuntimeSettings;
pub use self::session::SessionSettings;
pub use self::store::{Backend, RedisMode, RedisSettings, RedisUrl, StoreSettings};
pub use self::video::{IceServer, IceUrl, VideoSettings};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// All settings of a node, a field for each section, in any state: a node takes those alone that were
/// [checked](Self::check).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The public listener.
    pub http: HttpSettings,
    /// The admin listener.
    pub admin: AdminSettings,
    /// The node itself.
    pub node: NodeSettings,
    /// Where pairing state is kept.
    pub store: StoreSettings,
    /// Ids, hashes and tokens.
    pub identity: IdentitySettings,
    /// The life of a seat.
    pub session: SessionSettings,
    /// Who meets whom.
    pub matching: MatchingSettings,
    /// What a user, an origin and the node may use.
    pub limits: LimitSettings,
    /// The log.
    pub log: LogSettings,
    /// The process.
    pub runtime: RuntimeSettings,
    /// Video chats.
    pub video: VideoSettings,
}

/// Why there are no settings to go by.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: {why}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line at fault, from 1.
        line: usize,
        /// What is wrong there, in the parser's words.
        why: String,
    },
    /// The embedded defaults cannot be read, which the tests rule out.
    #[error("the embedded defaults are damaged")]
    Defaults,
    /// The layers cannot be put together for a reason that no key stands for.
    #[error("the settings cannot be put together")]
    Layers(#[source] ConfigError),
    /// Some keys are unknown or have values that cannot be.
    #[error(transparent)]
    Invalid(#[from] InvalidSettings),
}

impl Settings {
    /// Loads the settings from the defaults, `file` and the variables of this process, reads the files that secrets
    /// are in, and checks everything.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] with all problems at once; the others when there is no way to look for them.
    pub fn load(file: Option<&Path>) -> Result<CheckedSettings, SettingsError> {
        Self::load_with(file, layers::environment())
    }

    /// As [`Settings::load`], with `environment` for the variables of this process.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn load_with(
        file: Option<&Path>,
        environment: BTreeMap<OsString, OsString>,
    ) -> Result<CheckedSettings, SettingsError> {
        let mut problems = Problems::default();
        let mut layers = Layers::read(file, environment, &mut problems)?;
        let settings = loop {
            match layers.merge().and_then(Config::try_deserialize::<Self>) {
                Ok(settings) => break settings,
                Err(error) => {
                    let (key, why) = key_and_reason(error)?;
                    // Inside a list the place follows the key in brackets; the list is dropped as a whole.
                    let whole = key.split('[').next().unwrap_or_default();
                    let goes_on = layers.drop_key(whole);
                    problems.add(key.as_str(), why);
                    if !goes_on {
                        return Err(InvalidSettings::new(problems.into_vec()).into());
                    }
                }
            }
        };
        Ok(settings.check_beside(problems)?)
    }

    /// Reads the files that secrets are in, and checks everything: files that cannot be read, and values that their
    /// types allow and that cannot work, alone or together.
    ///
    /// A secret is given either itself or by its file. It waits for the files, as a program does that starts.
    ///
    /// # Errors
    /// [`InvalidSettings`], with all problems at once.
    pub fn check(self) -> Result<CheckedSettings, InvalidSettings> {
        self.check_beside(Problems::default())
    }

    fn check_beside(mut self, mut problems: Problems) -> Result<CheckedSettings, InvalidSettings> {
        self.read_files(&mut problems);
        self.find_problems(&mut problems);
        let problems = problems.into_vec();
        if problems.is_empty() {
            Ok(CheckedSettings::new(self))
        } else {
            Err(InvalidSettings::new(problems))
        }
    }

    /// The settings in force as TOML, secrets redacted.
    ///
    /// # Errors
    /// When a value has no TOML form, which none of these types can bring about.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    fn read_files(&mut self, problems: &mut Problems) {
        self.admin.read_files(problems);
        self.identity.read_files(problems);
        self.store.redis.read_files(problems);
    }

    fn find_problems(&self, problems: &mut Problems) {
        self.http.check(problems);
        self.admin.check(problems);
        self.store.check(&self.identity, problems);
        self.session.check(problems);
        self.matching.check(problems);
        self.limits.check(problems);
        self.runtime.check(problems);
        self.video.check(problems);
        if overlap(self.http.listen, self.admin.listen) {
            problems.add(
                "admin.listen",
                "expected another address or port than http.listen",
            );
        }
    }
}

/// Whether only one of two listeners could be opened.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    // An IPv6 listener on all addresses takes those of IPv4 as well.
    let covers = |whole: IpAddr, part: IpAddr| whole.is_unspecified() && (whole.is_ipv6() || part.is_ipv4());
    let (first, second) = (one.ip(), other.ip());
    one.port() != 0
        && one.port() == other.port()
        && (first == second || covers(first, second) || covers(second, first))
}

/// Takes the key at fault and the reason out of an error of the `config` crate.
fn key_and_reason(error: ConfigError) -> Result<(String, String), SettingsError> {
    match error {
        ConfigError::At {
            error,
            key: Some(key),
            ..
        } => Ok((key, reason(&error))),
        ConfigError::Type {
            key: Some(key),
            expected,
            ..
        } => Ok((key, format!("expected {expected}"))),
        ConfigError::NotFound(key) => Ok((key, "missing".to_owned())),
        other => Err(SettingsError::Layers(other)),
    }
}

/// The reason without the value that `serde`'s own words would repeat.
fn reason(error: &ConfigError) -> String {
    let words = error.to_string();
    match words
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.rsplit_once(", expected "))
    {
        Some((_, expected)) => format!("expected {expected}"),
        None => words,
    }
}

#[cfg(test)]
mod tests;
