//! The runtime's clock, in the form in which the limiter reads it; in tests it stands still.

use std::ops::Add;
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::nanos::Nanos;
use tokio::time::Instant;

/// Tells the time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ticks;

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(Instant);

impl Clock for Ticks {
    type Instant = Tick;

    fn now(&self) -> Tick {
        Tick(Instant::now())
    }
}

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> Nanos {
        let passed = self.0.saturating_duration_since(earlier.0);
        u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

impl Add<Nanos> for Tick {
    type Output = Self;

    fn add(self, later: Nanos) -> Self {
        Self(self.0.checked_add(Duration::from(later)).unwrap_or(self.0))
    }
}
