//! The one call that an endpoint gets when its ejection is over. Its outcome decides whether the
//! endpoint gets others. (linkerd's probation; A50 and Envoy let everybody in at once.)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An endpoint waits for a call that shows how it is.
#[derive(Debug, Default)]
pub(in crate::upstream) struct Probation {
    taken: AtomicBool,
}

impl Probation {
    /// The turn of the call that asks, unless another has it.
    pub(in crate::upstream) fn take(self: &Arc<Self>) -> Option<Probe> {
        // Read first: while a probe is under way, all other calls ask in vain.
        if self.taken.load(Ordering::Relaxed) || self.taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        Some(Probe {
            probation: Some(Arc::clone(self)),
        })
    }
}

/// The turn of one call. Dropped undecided, because the client has left say, it is the next one's.
#[derive(Debug)]
#[must_use = "the endpoint waits for this call's outcome"]
pub(in crate::upstream) struct Probe {
    /// None once it is decided.
    probation: Option<Arc<Probation>>,
}

impl Probe {
    /// The call has shown something: nobody else gets a turn of this probation.
    pub(in crate::upstream) fn decided(mut self) {
        self.probation = None;
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(probation) = &self.probation {
            probation.taken.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_call_has_the_turn_until_it_is_given_up() {
        let probation = Arc::new(Probation::default());
        let probe = probation.take().unwrap();
        assert!(probation.take().is_none());
        drop(probe);
        let probe = probation.take().unwrap();
        probe.decided();
        assert!(probation.take().is_none());
    }

    #[test]
    fn of_workers_that_ask_at_once_one_gets_it() {
        for _ in 0..100 {
            let probation = Arc::new(Probation::default());
            let probes: Vec<_> = std::thread::scope(|scope| {
                let asked = [(); 4].map(|()| scope.spawn(|| probation.take()));
                asked.map(|asked| asked.join().unwrap()).into()
            });
            assert_eq!(probes.iter().flatten().count(), 1);
        }
    }
}
