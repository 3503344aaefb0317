//! Secrets of the operator: tokens, keys, passwords.
//!
//! **Architecture Invariants.** A secret has no `Display`; its `Debug` and its serialised form are redacted; its
//! memory is wiped when it is dropped. Only [`Secret::expose`] shows it, so every use is found by that name.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

/// What stands in place of a secret wherever settings are shown.
pub(crate) const REDACTED: &str = "[REDACTED]";

/// The longest secret a file may hold, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A text that is never shown; it is not empty.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes `text`, unless it is empty.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(SecretString::from(text)))
    }

    /// Reads the secret that the file at `path` holds, without the one line end that may follow it.
    ///
    /// # Errors
    /// [`SecretFileError`], which tells nothing of the content.
    pub fn read(path: &Path) -> Result<Self, SecretFileError> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(SecretFileError::TooLong);
        }
        let text = SecretString::from(String::from_utf8(bytes).map_err(|_| SecretFileError::NotText)?);
        let line = text.expose_secret();
        let line = line
            .strip_suffix('\n')
            .map_or(line, |rest| rest.strip_suffix('\r').unwrap_or(rest));
        Self::new(line).ok_or(SecretFileError::Empty)
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Why a file yields no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Unreadable(#[from] io::Error),
    /// There is more in it than any secret needs.
    #[error("the file is longer than 64 KiB")]
    TooLong,
    /// Its bytes are not UTF-8.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(name: &str, content: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("passerby-secret-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        path
    }

    fn read(name: &str, content: &[u8]) -> Result<String, SecretFileError> {
        let path = file_with(name, content);
        let outcome = Secret::read(&path).map(|secret| secret.expose().to_owned());
        std::fs::remove_file(path).unwrap();
        outcome
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let secret = Secret::new("open sesame").unwrap();
        assert_eq!(format!("{secret:?}"), REDACTED);
    }

    #[test]
    fn a_file_loses_exactly_one_line_end() {
        assert_eq!(read("lf", b"key\n").unwrap(), "key");
        assert_eq!(read("crlf", b"key\r\n").unwrap(), "key");
        assert_eq!(read("two", b"key\n\n").unwrap(), "key\n");
        assert_eq!(read("none", b" key ").unwrap(), " key ");
    }

    #[test]
    fn a_file_that_holds_no_secret_is_refused() {
        assert!(matches!(read("empty", b"\n"), Err(SecretFileError::Empty)));
        assert!(matches!(
            read("binary", b"\xff\xfe"),
            Err(SecretFileError::NotText)
        ));
        assert!(matches!(
            read("long", &vec![b'x'; 65 * 1024]),
            Err(SecretFileError::TooLong)
        ));
        assert!(matches!(
            Secret::read(Path::new("/nowhere/at/all")),
            Err(SecretFileError::Unreadable(_))
        ));
    }
}
