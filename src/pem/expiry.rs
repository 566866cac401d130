//! When somebody has to be told that a certificate ends.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::utc;

/// How often is looked.
const INTERVAL: Duration = Duration::from_secs(30);

/// A certificate that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Whose it is.
    pub name: String,
    /// The last second in which it is good, since 1970.
    pub not_after: u64,
}

/// Tells in the log when certificates end that are in use then; never done.
pub async fn tell_of(in_use: impl Fn() -> Vec<InUse> + Send) {
    let mut alarms = Vec::new();
    loop {
        let all = in_use();
        alarms.resize(all.len(), Alarm::default());
        for (alarm, one) in alarms.iter_mut().zip(&all) {
            if let Some(notice) = alarm.look(one.not_after, now()) {
                notice.tell(one);
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.as_ref().map_or(0, Duration::as_secs)
}

/// What is left of a certificate when it is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Notice {
    /// A day at most.
    Day,
    /// An hour at most.
    Hour,
    /// Nothing.
    Over,
}

impl Notice {
    /// When something is told at all.
    fn at(left: u64) -> Option<Self> {
        const HOUR: u64 = 3600;
        const DAY: u64 = 24 * HOUR;
        match left {
            0 => Some(Self::Over),
            1..=HOUR => Some(Self::Hour),
            left => (left <= DAY).then_some(Self::Day),
        }
    }

    fn tell(self, of: &InUse) {
        let (name, not_after) = (&*of.name, utc(of.not_after));
        match self {
            Self::Day => tracing::warn!(name, not_after, "a certificate ends within a day"),
            Self::Hour => tracing::error!(name, not_after, "a certificate ends within an hour"),
            Self::Over => tracing::error!(name, not_after, "a certificate is over"),
        }
    }
}

/// Tells each notice of a certificate once. A pure value.
#[derive(Clone, Copy, Debug, Default)]
struct Alarm {
    not_after: u64,
    told: Option<Notice>,
}

impl Alarm {
    /// What is to be told now of the certificate that is good until `not_after`; both are seconds since
    /// 1970. Another certificate is told of anew.
    fn look(&mut self, not_after: u64, now: u64) -> Option<Notice> {
        if self.not_after != not_after {
            *self = Self {
                not_after,
                told: None,
            };
        }
        let notice = Notice::at(not_after.saturating_sub(now));
        if notice <= self.told {
            return None;
        }
        self.told = notice;
        notice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r17_a_day_an_hour_and_the_end_are_told_once_and_of_each_certificate() {
        let end = 1_000_000;
        let mut alarm = Alarm::default();
        let mut said = |not_after: u64, left: u64| alarm.look(not_after, not_after - left);
        assert_eq!(said(end, 90_000), None);
        assert_eq!(said(end, 86_400), Some(Notice::Day));
        assert_eq!(said(end, 80_000), None);
        assert_eq!(said(end, 3600), Some(Notice::Hour));
        assert_eq!(said(end, 1), None);
        assert_eq!(said(end, 0), Some(Notice::Over));
        assert_eq!(said(end, 0), None);
        assert_eq!(
            said(end + 1, 100),
            Some(Notice::Hour),
            "another certificate"
        );
        assert_eq!(said(end + 900_000, 900_000), None);
    }
}
