//! How loaded the gateway is, measured four times a second, for the step that refuses calls when it is too
//! much.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::observe::Observe;
use crate::policy::overload::readings::{Kernel, LAG_FULL, Readings, lag, part};
use crate::policy::overload::{INTERVAL, Level, Monitor, Settings, Shared};
use crate::worker::Workers;

/// Measures for ever.
pub(super) async fn measure(
    settings: Settings,
    shared: Arc<Shared>,
    workers: Workers,
    observe: Observe,
) {
    let kernel = Kernel::new(settings.memory_max);
    let mut monitor = Monitor::default();
    let mut before = Level::default();
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let streams = settings.streams_max;
        let state = monitor.read(&Readings {
            workers: Some(lateness(&workers).await),
            memory: kernel.memory(),
            descriptors: kernel.descriptors(),
            streams: streams.and_then(|most| part(observe.active(), most)),
        });
        shared.store(&state);
        if state.level != before {
            let cause = state.cause.map_or("nothing", |cause| cause.name());
            let (level, pressure) = (state.level.name(), state.pressure);
            if state.level > before {
                tracing::warn!(level, cause, pressure, "the gateway is overloaded");
            } else {
                tracing::info!(level, cause, pressure, "the gateway is less loaded");
            }
            before = state.level;
        }
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
