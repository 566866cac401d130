//! Retries that no policy has to allow, because no application saw the call (gRFC A6, "Transparent
//! Retries").

use std::time::Duration;

use crate::call::Retry;

/// How often a call that never left is tried again at once: once for every connection of a full pool,
/// and then some.
const AT_ONCE: u32 = 16;

/// How long such a call waits from then on, so that it does not spin.
const PAUSE: Duration = Duration::from_millis(50);

/// The transparent retries of one call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transparent {
    unsent: u32,
    refused: u32,
}

impl Transparent {
    /// The delay until the next one, if this failure is followed by one: whenever the call never left,
    /// and once if it was refused.
    pub(super) fn next(&self, retry: Retry) -> Option<Duration> {
        match retry {
            Retry::Unsent if self.unsent < AT_ONCE => Some(Duration::ZERO),
            Retry::Unsent => Some(PAUSE),
            Retry::Refused if self.refused == 0 => Some(Duration::ZERO),
            Retry::Refused
            | Retry::Never
            | Retry::BeforeFirstByte
            | Retry::Lost
            | Retry::Pushback(_)
            | Retry::Forbidden => None,
        }
    }

    /// It is made.
    pub(super) fn made(&mut self, retry: Retry) {
        match retry {
            Retry::Unsent => self.unsent = self.unsent.saturating_add(1),
            Retry::Refused => self.refused = self.refused.saturating_add(1),
            Retry::Never
            | Retry::BeforeFirstByte
            | Retry::Lost
            | Retry::Pushback(_)
            | Retry::Forbidden => {}
        }
    }

    /// How many were made.
    #[cfg(test)]
    pub(super) fn count(self) -> u32 {
        self.unsent.saturating_add(self.refused)
    }
}
