//! Schemas out of `.proto` texts, and the round trip.
