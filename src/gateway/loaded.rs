//! How loaded the gateway is, measured four times a second, and what is done about it: new calls are refused
//! by a step of the policy, connections are asked by their listeners, and what holds most is ended here.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::call::{Buffers, buffers};
use crate::listener::{Ask, Limits, Strain, Strainer};
use crate::observe::Observe;
use crate::policy::overload::readings::{Kernel, LAG_FULL, Readings, lag, part};
use crate::policy::overload::{
    DRAINING, INTERVAL, Level, Monitor, Settings, Shared, State, buffers_of, largest,
};
use crate::worker::Workers;

/// Steps in which idle time-outs get shorter, so that connections hear of it seldom.
const SHORTER: f64 = 20.0;

/// What is looked at, and who is told.
pub(super) struct Watched {
    pub(super) workers: Workers,
    pub(super) observe: Observe,
    /// The ports that clients connect to.
    pub(super) doors: Vec<Strainer>,
    pub(super) buffers: Arc<Buffers>,
    /// The state, for the step that refuses calls and for operators.
    pub(super) shared: Arc<Shared>,
}

/// Bytes that messages may hold together: what is configured, else by what the process may have.
pub(super) fn buffered(configured: Option<u64>) -> usize {
    let known = configured.or_else(|| Kernel::new(None).memory_max().map(buffers_of));
    known.map_or(buffers::TOTAL, |bytes| {
        usize::try_from(bytes).unwrap_or(usize::MAX)
    })
}

/// Leaves half of the file descriptors to what is not a client's connection.
pub(super) fn bound(limits: &mut Limits) {
    let Some(most) = Kernel::new(None).descriptors_max() else {
        return;
    };
    let half = usize::try_from(most / 2).unwrap_or(usize::MAX).max(1);
    if limits.connections > half {
        tracing::warn!(
            found = limits.connections,
            taken = half,
            "limits.connections is more than half of the file descriptors that the process may have \
             (`ulimit -Hn`)"
        );
        limits.connections = half;
    }
}

/// Measures for ever.
pub(super) async fn measure(settings: Settings, watched: Watched) {
    let kernel = Kernel::new(settings.memory_max);
    let mut monitor = Monitor::default();
    let mut before = Level::default();
    // What a level began with, which its end tells too.
    let mut cause = "nothing";
    if kernel.memory_max().is_none() {
        tracing::warn!(
            "overload: memory is not measured, since nothing says how much there may be; expected \
             `overload.memory_max`, or a limit of the control group"
        );
    }
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let streams = settings.streams_max;
        let readings = Readings {
            workers: Some(lateness(&watched.workers).await),
            memory: kernel.memory().map(|used| held(used, &watched)),
            descriptors: kernel.descriptors(),
            streams: streams.and_then(|most| part(watched.observe.active(), most)),
        };
        let state = monitor.read(&readings);
        act(&state, readings, &watched);
        if state.level != before {
            let (level, pressure) = (state.level.name(), state.pressure);
            if state.level > before {
                cause = state.cause.map_or("nothing", |cause| cause.name());
                tracing::warn!(level, cause, pressure, "the gateway is overloaded");
            } else {
                tracing::info!(level, cause, pressure, "the gateway is less loaded");
            }
            before = state.level;
        }
    }
}

/// What memory counts as: what an idle process holds is nobody's load, and refusing would not give it back.
fn held(used: f64, watched: &Watched) -> f64 {
    let is_idle = watched.observe.active() == 0 && watched.buffers.counts().used == 0;
    if is_idle { used.min(DRAINING) } else { used }
}

/// Tells everybody what there is to be done.
fn act(state: &State, readings: Readings, watched: &Watched) {
    watched.shared.store(state, readings);
    let strain = strain(state);
    for door in &watched.doors {
        door.ask(strain);
    }
    if state.level >= Level::Draining {
        tidy();
        for runtime in watched.workers.runtimes() {
            runtime.spawn(async { tidy() });
        }
    }
    if state.level == Level::Resetting {
        let large = watched.buffers.large();
        for one in largest(large) {
            watched.buffers.shed(&one);
        }
    }
}

/// What is asked of connections.
fn strain(state: &State) -> Strain {
    Strain {
        idle: (state.scale() * SHORTER).ceil() / SHORTER,
        ask: match state.level {
            Level::Calm | Level::Scaling => Ask::Nothing,
            Level::Draining => Ask::Leave,
            Level::Refusing | Level::Resetting => Ask::StayOut,
        },
        ..Strain::default()
    }
}

/// How late the slowest worker is, as a part of what counts as all of its time.
async fn lateness(workers: &Workers) -> f64 {
    let begun = Instant::now();
    let probes = workers.runtimes().map(|runtime| runtime.spawn(async {}));
    // One that is later than that is as late as can be, and looked at again.
    let _ = timeout(LAG_FULL, join_all(probes)).await;
    lag(begun.elapsed())
}

/// The allocator gives pages back to the system while a thread allocates and frees: one that does neither
/// would keep what it does not need.
fn tidy() {
    for shift in 14..=22 {
        std::hint::black_box(Vec::<u8>::with_capacity(1 << shift));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_asked_for_more_the_less_there_is() {
        let mut asked = Vec::new();
        for used in [0.5, 0.86, 0.92, 0.95, 0.98] {
            let readings = Readings {
                memory: Some(used),
                ..Readings::default()
            };
            let strain = strain(&Monitor::default().read(&readings));
            asked.push((format!("{:.2}", strain.idle), strain.ask));
        }
        let asked: Vec<_> = asked.iter().map(|(idle, ask)| (&**idle, *ask)).collect();
        assert_eq!(
            asked,
            [
                ("1.00", Ask::Nothing),
                ("0.95", Ask::Nothing),
                ("0.40", Ask::Leave),
                ("0.10", Ask::StayOut),
                ("0.10", Ask::StayOut),
            ]
        );
    }
}
