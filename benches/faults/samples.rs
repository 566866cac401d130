//! What a load has measured, a sample a call.

use std::time::Duration;

use crate::line::Outcome;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// When it was to be made, since the load began.
    pub(crate) due: Duration,
    /// How much later the driver came to it.
    pub(crate) late: Duration,
    /// From when it was to be made to its end.
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

/// The calls of a load, or some of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(pub(crate) Vec<Sample>);

impl Samples {
    /// Those that were due from a moment until before another.
    pub(crate) fn between(&self, from: Duration, to: Duration) -> Self {
        self.of(|sample| (from..to).contains(&sample.due))
    }

    /// Those that this is true of.
    pub(crate) fn of(&self, is: impl Fn(&Sample) -> bool) -> Self {
        Self(self.0.iter().filter(|one| is(one)).cloned().collect())
    }

    /// Those that were answered as asked for.
    pub(crate) fn good(&self) -> Self {
        self.of(|sample| sample.outcome == Outcome::Good)
    }

    /// Those that were turned away as they should.
    pub(crate) fn shed(&self) -> Self {
        self.of(|sample| sample.outcome == Outcome::Shed)
    }

    /// Those that were neither.
    pub(crate) fn bad(&self) -> Self {
        self.of(|sample| !matches!(sample.outcome, Outcome::Good | Outcome::Shed))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The latency that this share of them did not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        quantile(self.0.iter().map(|sample| sample.took).collect(), share)
    }

    /// How late the driver was for the latest but a hundredth.
    pub(crate) fn late(&self) -> Duration {
        quantile(self.0.iter().map(|sample| sample.late).collect(), 0.99)
    }

    /// When the last of them was due.
    pub(crate) fn last(&self) -> Option<Duration> {
        self.0.iter().map(|sample| sample.due).max()
    }

    /// How often what went wrong, the most frequent first.
    pub(crate) fn reasons(&self) -> String {
        let mut counts: Vec<(&Outcome, usize)> = Vec::new();
        for sample in &self.0 {
            match counts
                .iter_mut()
                .find(|(known, _)| *known == &sample.outcome)
            {
                Some((_, count)) => *count += 1,
                None => counts.push((&sample.outcome, 1)),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let told = counts.iter().take(3);
        told.map(|(outcome, count)| format!(" ({count} × {outcome:?})"))
            .collect()
    }
}

#[allow(clippy::cast_sign_loss)] // a share is no less than 0
fn quantile(mut of: Vec<Duration>, share: f64) -> Duration {
    if of.is_empty() {
        return Duration::ZERO;
    }
    of.sort_unstable();
    let at = ((of.len() - 1) as f64 * share).round() as usize;
    of[at]
}

/// As figures are printed.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
