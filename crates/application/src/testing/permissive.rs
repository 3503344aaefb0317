//! Ports that allow everything.

use crate::ports::{RateLimiter, Screened, TextScreen, TurnedAway};
use passerby_domain::id::Origins;
use passerby_domain::text::Text;

/// Lets in whoever comes, however often.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLimits;

impl RateLimiter for NoLimits {
    type Permit = ();

    async fn admit(&self, _origins: &Origins) -> Result<(), TurnedAway> {
        Ok(())
    }

    fn hold(&self, _origins: &Origins) {}
}

/// Lets everything be said.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassAll;

impl TextScreen for PassAll {
    fn screen(&self, _text: Text<'_>) -> Screened {
        Screened::Pass
    }
}
