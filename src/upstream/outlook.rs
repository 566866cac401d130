//! Whether an endpoint can be reached, as all pools to it see it: the failure of one holds the
//! others off too, and the success of one lets all of them try at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::connect::ConnectError;
use super::random;

/// One for all pools to an endpoint.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// True once connecting failed, until it works: nobody locks for an endpoint that does.
    has_failed: AtomicBool,
    delays: Mutex<Delays>,
}

#[derive(Debug, Default)]
struct Delays {
    backoff: Backoff,
    /// Until when the endpoint is left alone, and why.
    pause: Option<(Instant, ConnectError)>,
}

impl Outlook {
    fn lock(&self) -> MutexGuard<'_, Delays> {
        self.delays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False while the endpoint is left alone.
    pub(super) fn is_open(&self) -> bool {
        self.down().is_none()
    }

    /// Why the endpoint is left alone now, if it is.
    pub(super) fn down(&self) -> Option<ConnectError> {
        self.pause().map(|(_, cause)| cause)
    }

    /// Until when the endpoint is left alone, if it is.
    pub(super) fn closed_until(&self) -> Option<Instant> {
        self.pause().map(|(until, _)| until)
    }

    fn pause(&self) -> Option<(Instant, ConnectError)> {
        if !self.has_failed.load(Ordering::Relaxed) {
            return None;
        }
        let pause = self.lock().pause;
        pause.filter(|(until, _)| Instant::now() < *until)
    }

    /// A connection could not be made. The delay, unless another pool's failure began it already:
    /// attempts made side by side count as one.
    pub(super) fn failed(&self, cause: ConnectError) -> Option<Duration> {
        let now = Instant::now();
        let mut delays = self.lock();
        if delays.pause.is_some_and(|(until, _)| now < until) {
            return None;
        }
        let delay = delays.backoff.failed(random::unit());
        delays.pause = Some((now + delay, cause));
        self.has_failed.store(true, Ordering::Relaxed);
        Some(delay)
    }

    /// A connection was made: the endpoint may be tried at once, and delays start over.
    pub(super) fn reached(&self) {
        let mut delays = self.lock();
        delays.backoff.reset();
        delays.pause = None;
        self.has_failed.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_side_by_side_count_once_and_a_success_ends_the_pause() {
        let outlook = Outlook::default();
        assert_eq!(outlook.down(), None);
        let delay = outlook.failed(ConnectError::Refused);
        assert!(delay.is_some_and(|delay| delay <= Duration::from_millis(1200)));
        assert_eq!(outlook.failed(ConnectError::Timeout), None);
        assert_eq!(outlook.down(), Some(ConnectError::Refused));

        tokio::time::advance(Duration::from_millis(1200)).await;
        assert_eq!(outlook.down(), None);
        let longer = outlook.failed(ConnectError::Timeout);
        assert!(longer.is_some_and(|delay| delay >= Duration::from_millis(1280)));
        outlook.reached();
        assert_eq!(outlook.down(), None);
        let first = outlook.failed(ConnectError::Refused);
        assert!(first.is_some_and(|delay| delay <= Duration::from_millis(1200)));
    }
}
