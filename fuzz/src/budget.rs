//! CPU time that one piece of work may take, whatever else the machine does.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// For every [`UNIT`] bytes of input, begun ones counted whole.
const PER_UNIT: Duration = Duration::from_millis(100);

/// The longest input that gets [`PER_UNIT`].
const UNIT: usize = 64 << 10;

/// Runs `work` on an input of `bytes` bytes.
///
/// # Panics
/// If it takes too long.
pub(crate) fn within<T>(what: &str, bytes: usize, work: impl FnOnce() -> T) -> T {
    let began = used();
    let result = work();
    let took = used().saturating_sub(began);
    let allowed = PER_UNIT * u32::try_from(bytes / UNIT + 1).unwrap_or(u32::MAX);
    assert!(
        took <= allowed,
        "{what}: {bytes} bytes took {took:?} of CPU time, more than {allowed:?}"
    );
    result
}

/// CPU time of this thread.
fn used() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.try_into().unwrap_or(0),
        now.tv_nsec.try_into().unwrap_or(0),
    )
}
