//! The detector on simulated time.
