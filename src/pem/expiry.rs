//! When somebody has to be told that a certificate ends.

use std::time::Duration;

/// What is left of a certificate when it is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
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
}

/// Tells each notice of a certificate once. A pure value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alarm {
    not_after: u64,
    told: Option<Notice>,
}

impl Alarm {
    /// How often to look.
    pub const INTERVAL: Duration = Duration::from_secs(30);

    /// What is to be told now of the certificate that is good until `not_after`; both are seconds since
    /// 1970. Another certificate is told of anew.
    pub fn look(&mut self, not_after: u64, now: u64) -> Option<Notice> {
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
    fn a_day_an_hour_and_the_end_are_told_once_and_of_each_certificate() {
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
