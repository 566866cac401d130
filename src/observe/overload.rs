//! What is to be seen of overload: plain values, of which metrics are made.

/// How it stood when it was measured last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overload {
    /// What is done about it: 0 nothing, 1 idle time-outs are shorter, 2 connections are told to go, 3 new
    /// calls are refused, 4 the largest are ended.
    pub level: u8,
    /// How much is used of each thing that is known; 1 is all of it.
    pub pressures: Vec<(&'static str, f64)>,
}
