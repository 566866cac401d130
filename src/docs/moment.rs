//! A second of UTC, as pages, feeds and names of files write it.

use std::time::{SystemTime, UNIX_EPOCH};

use maud::{Markup, html};
use prost_types::Timestamp;

/// A second of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// Since 1970.
    seconds: i64,
}

impl Moment {
    /// The second that a clock is in; the first of 1970 for a clock before it.
    pub(super) fn of(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            seconds: i64::try_from(seconds.as_secs()).unwrap_or_default(),
        }
    }

    /// The first second of 1970.
    pub(super) const fn zero() -> Self {
        Self { seconds: 0 }
    }

    /// The next second.
    pub(super) const fn next(self) -> Self {
        Self {
            seconds: self.seconds.saturating_add(1),
        }
    }

    /// `2026-11-28T10:00:00Z` (RFC 3339).
    pub(super) fn rfc3339(self) -> String {
        let (seconds, nanos) = (self.seconds, 0);
        Timestamp { seconds, nanos }.to_string()
    }

    /// `2026-11-28`.
    pub(super) fn date(self) -> String {
        let text = self.rfc3339();
        text.split('T').next().unwrap_or_default().to_owned()
    }

    /// `2026-11-28T10-00-00Z`: as RFC 3339 has it, in letters that every file system and every fragment
    /// of a URL takes. Such names sort by time.
    pub(super) fn stem(self) -> String {
        self.rfc3339().replace(':', "-")
    }

    /// What [`Moment::stem`] wrote; none for any other name.
    pub(super) fn of_stem(stem: &str) -> Option<Self> {
        let (date, time) = stem.split_once('T')?;
        let text = format!("{date}T{}", time.replace('-', ":"));
        let moment = Self {
            seconds: text.parse::<Timestamp>().ok()?.seconds,
        };
        // What is read otherwise than it is written would sort elsewhere.
        (moment >= Self::zero() && moment.stem() == stem).then_some(moment)
    }

    /// The date, of which the site's script makes "2 days ago".
    pub(super) fn markup(self) -> Markup {
        html! { time datetime=(self.rfc3339()) { (self.date()) } }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_written_for_people_programs_and_file_systems() {
        let moment = Moment::of(UNIX_EPOCH + Duration::from_millis(1_795_860_000_900));
        assert_eq!(moment.rfc3339(), "2026-11-28T10:00:00Z");
        assert_eq!(moment.date(), "2026-11-28");
        assert_eq!(moment.stem(), "2026-11-28T10-00-00Z");
        assert_eq!(Moment::of_stem("2026-11-28T10-00-00Z"), Some(moment));
        assert_eq!(moment.next().stem(), "2026-11-28T10-00-01Z");
    }

    #[test]
    fn other_names_are_no_moments() {
        for name in [
            "",
            "T",
            "api",
            "2026-11-28",
            "2026-11-28T10:00:00Z",
            "2026-13-28T10-00-00Z",
            "2026-11-28T10-00-00.5Z",
            "2026-11-28T10-00-00",
            "-2026-11-28T10-00-00Z",
        ] {
            assert_eq!(Moment::of_stem(name), None, "{name}");
        }
    }
}
