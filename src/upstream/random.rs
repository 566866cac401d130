//! Random numbers of the thread, for choices and pauses.

pub(super) use crate::call::random::bits;

/// A random number in 0..1.
pub(super) fn unit() -> f64 {
    super::balance::random::unit(&mut bits)
}
