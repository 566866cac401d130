//! Random bits for choices that nobody has to be unable to guess: which upstream, which endpoint, how
//! long a pause.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    /// Seeded by the standard library's hash keys, which the operating system's randomness made.
    static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0_u8));
}

/// 64 random bits: `SplitMix64`, on a state of the thread's own.
pub(crate) fn bits() -> u64 {
    let state = STATE.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A random number in 0..1.
pub(crate) fn unit() -> f64 {
    // 53 bits are as many as it has room for.
    #[allow(clippy::cast_precision_loss)]
    let number = (bits() >> 11) as f64;
    number / (1_u64 << 53) as f64
}
