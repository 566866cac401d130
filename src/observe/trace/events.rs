//! The messages of a call that is traced, one by one: only where somebody asked for them, since a stream
//! may have millions.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::observe::tally::Weight;

/// Messages that are told of each way of a call; of those beyond only how many there were.
pub const EVENTS_MAX: usize = 128;

/// The messages of one way.
#[derive(Debug, Default)]
pub(in crate::observe) struct Events(Mutex<Noted>);

/// Messages that were noted.
#[derive(Clone, Debug, Default)]
pub(in crate::observe) struct Noted {
    pub(super) all: Vec<Event>,
    /// How many more there were.
    pub(super) beyond: u32,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Instant,
    /// Its number, from 0.
    pub(super) number: u64,
    pub(super) weight: Weight,
}

impl Events {
    /// One more.
    pub(in crate::observe) fn add(&self, number: u64, weight: Weight) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.all.len() < EVENTS_MAX {
            let at = Instant::now();
            noted.all.push(Event { at, number, weight });
        } else {
            noted.beyond = noted.beyond.saturating_add(1);
        }
    }

    /// Those so far, which are no longer here.
    pub(in crate::observe) fn take(&self) -> Noted {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *noted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_stream_the_first_messages_are_told_and_the_others_counted() {
        let events = Events::default();
        for number in 0..EVENTS_MAX as u64 + 7 {
            events.add(number, Weight::from(3));
        }
        let noted = events.take();
        assert_eq!((noted.all.len(), noted.beyond), (EVENTS_MAX, 7));
        assert_eq!(noted.all[5].number, 5);
    }
}
