//! The text forms of values that many sections use: durations, counts, addresses, names.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use passerby_domain::id::NodeId;

use super::text::{Text, Wrong};
use crate::secret::{REDACTED, Secret};

/// The longest duration any setting takes. Ten years is as good as for ever, and sums of a few still fit everywhere.
const LONGEST: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// The highest count any setting takes: high enough for everybody, and small multiples of it still fit 32 bits.
pub(super) const HIGHEST: u32 = 1_000_000_000;

/// Whether a setting may be this duration.
pub(super) fn within_bounds(duration: Duration) -> Result<(), Wrong> {
    if duration > LONGEST {
        return Err("expected a duration of at most 3650d");
    }
    if !duration.subsec_nanos().is_multiple_of(1_000_000) {
        return Err("expected a duration in whole milliseconds");
    }
    Ok(())
}

impl Text for Duration {
    fn read(text: &str) -> Result<Self, Wrong> {
        let duration = humantime::parse_duration(text)
            .map_err(|_| "expected a duration such as 500ms, 20s, 5m, 12h or 30d")?;
        within_bounds(duration).map(|()| duration)
    }

    /// The largest unit that needs no fraction and leaves a number of at least 2, as people would write it.
    fn show(&self) -> String {
        if self.subsec_nanos() != 0 {
            return format!("{}ms", self.as_millis());
        }
        let seconds = self.as_secs();
        let fits = |unit: u64| seconds.is_multiple_of(unit) && seconds / unit >= 2;
        match [(86_400, "d"), (3_600, "h"), (60, "m")]
            .into_iter()
            .find(|&(unit, _)| fits(unit))
        {
            Some((unit, name)) => format!("{}{name}", seconds / unit),
            None => format!("{seconds}s"),
        }
    }
}

/// A duration of zero stands for no end.
impl Text for Option<Duration> {
    fn read(text: &str) -> Result<Self, Wrong> {
        Duration::read(text).map(|duration| (!duration.is_zero()).then_some(duration))
    }

    fn show(&self) -> String {
        self.unwrap_or_default().show()
    }
}

impl Text for u32 {
    const BARE: bool = true;

    fn read(text: &str) -> Result<Self, Wrong> {
        // A sign is legal for the standard parser, but no count has one.
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let count = digits
            .then(|| text.parse().ok())
            .flatten()
            .filter(|&count| count <= HIGHEST);
        count.ok_or("expected a whole number from 0 to 1000000000")
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// A count of zero stands for no limit, or for a number that the node finds itself.
impl Text for Option<NonZeroU32> {
    const BARE: bool = true;

    fn read(text: &str) -> Result<Self, Wrong> {
        u32::read(text).map(NonZeroU32::new)
    }

    fn show(&self) -> String {
        self.map_or(0, NonZeroU32::get).to_string()
    }
}

impl Text for bool {
    const BARE: bool = true;

    fn read(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| "expected true or false")
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Text for SocketAddr {
    fn read(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:8080")
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Text for NodeId {
    fn read(text: &str) -> Result<Self, Wrong> {
        Self::parse(text).map_err(|_| "expected 1 to 64 of the characters A-Z a-z 0-9 . _ -")
    }

    fn show(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Text for Secret {
    fn read(text: &str) -> Result<Self, Wrong> {
        if text == REDACTED {
            // Whoever knows this program would know the secret.
            return Err("expected the secret, not what is shown in its place");
        }
        Self::new(text).ok_or("expected a text that is not empty")
    }

    fn show(&self) -> String {
        REDACTED.to_owned()
    }
}

impl Text for PathBuf {
    fn read(text: &str) -> Result<Self, Wrong> {
        if text.contains('\0') {
            Err("expected a path")
        } else {
            Ok(Self::from(text))
        }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Text for String {
    fn read(text: &str) -> Result<Self, Wrong> {
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown_as_people_write_them() {
        for text in [
            "500ms", "0s", "1s", "20s", "60s", "90s", "15m", "60m", "24h", "30d", "1500ms",
        ] {
            assert_eq!(Duration::read(text).unwrap().show(), text);
        }
        assert_eq!(Duration::read("1m").unwrap().show(), "60s");
        assert_eq!(Duration::read("1.5s").unwrap().show(), "1500ms");
        assert_eq!(Duration::read("1h 30m").unwrap().show(), "90m");
    }

    #[test]
    fn a_duration_without_unit_or_past_all_sense_is_refused() {
        for text in [
            "",
            "20",
            "-1s",
            "1.5",
            "soon",
            "3651d",
            "10us",
            "99999999999999999999s",
        ] {
            assert!(Duration::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn zero_is_no_limit() {
        assert_eq!(Option::<NonZeroU32>::read("0"), Ok(None));
        assert_eq!(Option::<NonZeroU32>::read("7"), Ok(NonZeroU32::new(7)));
        assert_eq!(Option::<Duration>::read("0s"), Ok(None));
    }

    #[test]
    fn a_count_is_digits_and_nothing_else() {
        for text in [
            "",
            "+1",
            "-1",
            "1.5",
            "1e3",
            "0x10",
            "true",
            "1000000001",
            "99999999999999999999",
        ] {
            assert!(u32::read(text).is_err(), "{text}");
        }
        assert_eq!(u32::read("007"), Ok(7));
    }
}
