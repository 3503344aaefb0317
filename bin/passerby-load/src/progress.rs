//! What the operator sees while a run goes on.
//!
//! **Architecture Invariants:** goes to standard error, and only if that is a terminal: results on standard output stay
//! clean. Never decides anything.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a bar that nobody advances is drawn.
const TICK: Duration = Duration::from_millis(200);

/// Whether progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// If standard error is a terminal.
    Shown,
    /// Not at all.
    Hidden,
}

impl Progress {
    /// A bar for things that can be counted.
    pub(crate) fn count(self, what: &'static str, total: u64) -> ProgressBar {
        let bar = self.bar(total, "{prefix:>12} {wide_bar} {pos}/{len} {msg}");
        bar.set_prefix(what);
        bar
    }

    /// A bar for a span of time, which [`advance`] moves.
    pub(crate) fn span(self, what: &'static str, span: Duration) -> ProgressBar {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let bar = self.bar(millis, "{prefix:>12} {wide_bar} {elapsed} of {msg}");
        bar.set_prefix(what);
        bar.set_message(Cow::Owned(humantime::format_duration(span).to_string()));
        bar
    }

    fn bar(self, total: u64, template: &str) -> ProgressBar {
        let target = match self {
            Self::Shown => ProgressDrawTarget::stderr(),
            Self::Hidden => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        // The templates are constants, and right: a wrong one would leave the default style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}

/// Moves the bar of a span along with the clock, for ever.
pub(crate) async fn advance(bar: &ProgressBar) {
    let mut tick = tokio::time::interval(TICK);
    loop {
        tick.tick().await;
        bar.set_position(u64::try_from(bar.elapsed().as_millis()).unwrap_or(u64::MAX));
    }
}
