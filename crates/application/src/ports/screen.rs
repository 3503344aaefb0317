//! What may be said.

use passerby_domain::text::Text;

/// What a content rule says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screened {
    /// It may pass.
    Pass,
    /// It is refused as a whole; nothing is ever altered.
    Rejected,
}

/// Content rules of the operator.
///
/// Called on the path of each message: it must not wait.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait TextScreen: Send + Sync + 'static {
    /// Judges one text.
    #[allow(clippy::elidable_lifetime_names, reason = "the mock needs the lifetime named")]
    fn screen<'a>(&self, text: Text<'a>) -> Screened;
}
