//! Handshakes that are refused.
