//! So many a second, and no more.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many a second. Seconds begin when the first is taken.
#[derive(Debug)]
pub(super) struct Allowance {
    most: u32,
    taken: Mutex<Option<(Instant, u32)>>,
}

impl Allowance {
    pub(super) const fn of(most: u32) -> Self {
        Self {
            most,
            taken: Mutex::new(None),
        }
    }

    /// Takes one, if there is one left at this moment.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over =
            |begun: Instant| now.saturating_duration_since(begun) >= Duration::from_secs(1);
        let (begun, count) = match *taken {
            Some((begun, count)) if !is_over(begun) => (begun, count),
            Some(_) | None => (now, 0),
        };
        if count >= self.most {
            return false;
        }
        *taken = Some((begun, count + 1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_and_the_next_as_many() {
        let allowance = Allowance::of(3);
        let begun = Instant::now();
        let taken = |millis: u64| {
            let now = begun + Duration::from_millis(millis);
            (0..9).filter(|_| allowance.take(now)).count()
        };
        assert_eq!([0, 999, 1000, 1500, 9000].map(taken), [3, 0, 3, 0, 3]);
    }
}
