//! What a gateway that has too much to do asks of the connections of its clients.
//!
//! ```text
//! calm      idle time-outs as configured
//! strained  idle time-outs shorter
//!           [`Ask::Leave`]    every connection is told to go, one after the other
//!           [`Ask::StayOut`]  and nobody is accepted
//! ```
//!
//! Told to go is: GOAWAY over HTTP/2, `connection: close` with the next answer over HTTP/1.1. Calls under way
//! end as they would. So does a connection that was upgraded to WebSocket, which is one call: it has no other
//! word for going than the close frame that would end it, and its client would only come again. Ten thousand clients that are all told at once would all come back at once, and an
//! expensive handshake with each of them; so every connection has a turn of its own within
//! [`Strain::turns`], in the first half of it if it has no call, else in the second.

use std::sync::Weak;
use std::time::Duration;

use tokio::sync::watch;

use super::Told;

/// The time within which all connections are told to go, where nobody says otherwise.
pub const TURNS: Duration = Duration::from_secs(10);

/// How much is asked of connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strain {
    /// What idle time-outs are multiplied with: 1 where all is calm.
    pub idle: f64,
    /// What else is asked.
    pub ask: Ask,
    /// The time within which all connections are told to go.
    pub turns: Duration,
}

impl Default for Strain {
    fn default() -> Self {
        Self {
            idle: 1.0,
            ask: Ask::Nothing,
            turns: TURNS,
        }
    }
}

/// What is asked. A later one asks for what the earlier ones do, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// Nothing.
    #[default]
    Nothing,
    /// To go, those that are there.
    Leave,
    /// Not to come, those that are not.
    StayOut,
}

/// Where a listener is told. It does not keep the listener.
#[derive(Clone, Debug)]
pub struct Strainer(pub(super) Weak<watch::Sender<Told>>);

impl Strainer {
    /// Asks this from now on.
    pub fn ask(&self, strain: Strain) {
        if let Some(told) = self.0.upgrade() {
            told.send_if_modified(|told| {
                let is_other = told.strain != strain;
                told.strain = strain;
                is_other
            });
        }
    }
}

/// The turn of a connection of this number: a part of [`Strain::turns`], in 0..1. Whatever their numbers, the
/// turns of many lie evenly.
pub(super) fn turn(number: u32) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    (f64::from(number) * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turns_of_many_connections_lie_evenly() {
        for first in [0, 7_919] {
            let mut tenths = [0; 10];
            for number in first..first + 1_000 {
                let turn = turn(number);
                assert!((0.0..1.0).contains(&turn));
                tenths[(turn * 10.0) as usize] += 1;
            }
            assert!(
                tenths.iter().all(|count| (98..=102).contains(count)),
                "{tenths:?}"
            );
        }
    }
}
