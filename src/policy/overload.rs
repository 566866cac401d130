//! Measured overload: what is used up of the worker threads, memory, file descriptors and streams, and what
//! is done about it.
//!
//! ```text
//! readings, four a second ─► Monitor ─► State { pressure, level, cause } ─► Shared, which calls look at
//!
//! pressure  0.85 … 0.95   idle timeouts get shorter, linearly
//!           0.92          connections are told to go: GOAWAY, `connection: close`
//!           0.95          new calls are refused (UNAVAILABLE, RetryInfo), nobody is accepted
//!           0.98          the largest streams are reset
//! ```
//!
//! A level begins with one reading and ends only when the pressure has been [`BAND`] below it for
//! [`CALM_READINGS`] in a row: nothing flaps. The port of the operators and health checks are exempt.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::call::gate::{Asked, Decision, Gate, Passed, Refused};
use crate::call::{Code, Status};

pub mod readings;

pub use readings::Readings;

/// The time between two readings.
pub const INTERVAL: Duration = Duration::from_millis(250);

/// How far below a level's threshold the pressure has to be for it to end.
pub const BAND: f64 = 0.02;

/// So many readings in a row.
pub const CALM_READINGS: u32 = 4;

/// When a refused client should come again.
pub const RETRY: Duration = Duration::from_secs(1);

/// The pressure at which idle timeouts begin to be shorter.
pub const SCALING: f64 = 0.85;

/// The pressure at which connections are told to go.
pub const DRAINING: f64 = 0.92;

/// The pressure at which new calls are refused.
pub const REFUSING: f64 = 0.95;

/// The pressure at which the largest streams are reset.
pub const RESETTING: f64 = 0.98;

/// What idle timeouts are multiplied with at most pressure.
pub const SCALE_MIN: f64 = 0.1;

/// Streams that are reset at one reading, at most.
pub const RESETS: usize = 8;

/// What messages may hold together of the memory that a process may have: half. The rest is for connections,
/// the schema, and what the messages become.
#[must_use]
pub const fn buffers_of(memory: u64) -> u64 {
    memory / 2
}

/// What this step is called in logs and metrics.
pub const NAME: &str = "overload";

/// What is watched. The rest is the kernel's to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of memory that the process may have; without it, what its control group may.
    pub memory_max: Option<u64>,
    /// Calls in flight that count as all there may be; without it they are not counted.
    pub streams_max: Option<u64>,
}

/// Whose calls pass whatever the load: those that ask whether all is well.
const EXEMPT: &str = "grpc.health.v1.Health";

/// What there is too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Time of the worker threads.
    Workers,
    /// Memory.
    Memory,
    /// File descriptors.
    Descriptors,
    /// Streams in flight.
    Streams,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Workers,
        Self::Memory,
        Self::Descriptors,
        Self::Streams,
    ];

    /// The word in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::Memory => "memory",
            Self::Descriptors => "descriptors",
            Self::Streams => "streams",
        }
    }
}

/// What is done. A later level does what the earlier ones do, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    Calm,
    /// Idle timeouts are shorter.
    Scaling,
    /// Connections are told to go.
    Draining,
    /// New calls are refused.
    Refusing,
    /// The largest streams are reset.
    Resetting,
}

impl Level {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 5] = [
        Self::Calm,
        Self::Scaling,
        Self::Draining,
        Self::Refusing,
        Self::Resetting,
    ];

    /// The pressure at which it begins.
    const fn threshold(self) -> f64 {
        match self {
            Self::Calm => 0.0,
            Self::Scaling => SCALING,
            Self::Draining => DRAINING,
            Self::Refusing => REFUSING,
            Self::Resetting => RESETTING,
        }
    }

    /// The word in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Scaling => "scaling",
            Self::Draining => "draining",
            Self::Refusing => "refusing",
            Self::Resetting => "resetting",
        }
    }

    fn of(pressure: f64) -> Self {
        let mut all = Self::ALL.into_iter().rev();
        all.find(|level| pressure >= level.threshold())
            .unwrap_or_default()
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// How much is used of what is used most; 1 is all.
    pub pressure: f64,
    /// What is done about it.
    pub level: Level,
    /// What is used most; `None` where nothing could be read.
    pub cause: Option<Resource>,
}

impl State {
    /// What idle timeouts are multiplied with: 1 where all is calm, [`SCALE_MIN`] from [`REFUSING`] on.
    #[must_use]
    pub fn scale(&self) -> f64 {
        let over = (self.pressure - SCALING) / (REFUSING - SCALING);
        1.0 - over.clamp(0.0, 1.0) * (1.0 - SCALE_MIN)
    }

    /// An idle timeout as it is now.
    #[must_use]
    pub fn scaled(&self, timeout: Duration) -> Duration {
        timeout.mul_f64(self.scale())
    }

    /// What a new call is told, if it is refused.
    #[must_use]
    pub fn refusal(&self) -> Option<Status> {
        (self.level >= Level::Refusing).then(|| {
            Status::gateway(Code::Unavailable, "the gateway has more to do than it can")
                .after(RETRY)
        })
    }
}

/// Makes a state of each reading.
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    state: State,
    /// Readings in a row that asked for less.
    calm: u32,
}

impl Monitor {
    /// The state after one more reading.
    pub fn read(&mut self, readings: &Readings) -> State {
        let (cause, pressure) = readings.most();
        let now = Level::of(pressure);
        let level = if now >= self.state.level {
            self.calm = 0;
            now
        } else if pressure > self.state.level.threshold() - BAND {
            self.calm = 0;
            self.state.level
        } else {
            self.calm += 1;
            if self.calm < CALM_READINGS {
                self.state.level
            } else {
                self.calm = 0;
                // Not below what it would have stayed at.
                Level::of(pressure + BAND).min(self.state.level)
            }
        };
        self.state = State {
            pressure,
            level,
            cause,
        };
        self.state
    }
}

/// The state, for whoever looks at it: a number of 64 bits. And for operators, of what it was made.
#[derive(Debug, Default)]
pub struct Shared {
    state: AtomicU64,
    readings: Mutex<Option<Readings>>,
}

impl Shared {
    /// What was read last; nothing where nothing is watched.
    #[must_use]
    pub fn readings(&self) -> Option<Readings> {
        *self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how it stands after this.
    pub fn store(&self, state: &State, readings: Readings) {
        *self.readings.lock().unwrap_or_else(PoisonError::into_inner) = Some(readings);
        let level = state.level as u64;
        let cause = state.cause.map_or(0, |cause| cause as u64 + 1);
        // The pressure as a number of 32 bits is exact enough to scale a timeout.
        let pressure = u64::from((state.pressure as f32).to_bits());
        let packed = pressure << 32 | cause << 8 | level;
        self.state.store(packed, Ordering::Relaxed);
    }

    /// How it stands.
    #[must_use]
    pub fn load(&self) -> State {
        let packed = self.state.load(Ordering::Relaxed);
        let at = |bits: u64| usize::try_from(bits & 0xff).unwrap_or_default();
        let cause = at(packed >> 8).checked_sub(1);
        State {
            pressure: f64::from(f32::from_bits(
                u32::try_from(packed >> 32).unwrap_or_default(),
            )),
            level: Level::ALL.get(at(packed)).copied().unwrap_or_default(),
            cause: cause.and_then(|cause| Resource::ALL.get(cause)).copied(),
        }
    }
}

/// The chain's step: new calls are refused while there is too little of something.
impl Gate for Shared {
    fn ask<'r>(&'r self, asked: Asked<'r>, _: &Passed) -> Decision<'r> {
        let state = self.load();
        match state.refusal().filter(|_| asked.method.service != EXEMPT) {
            None => Decision::pass(),
            Some(status) => Decision::refuse(Refused {
                rule: state.cause.map(|cause| cause.name().into()),
                ..Refused::new(NAME, status)
            }),
        }
    }
}

/// The largest streams, at most [`RESETS`]: those that are reset at [`Level::Resetting`]. What holds nothing
/// is not among them.
pub fn largest<T>(streams: impl IntoIterator<Item = (T, usize)>) -> Vec<T> {
    let mut all: Vec<_> = streams
        .into_iter()
        .filter(|(_, bytes)| *bytes > 0)
        .collect();
    all.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    all.truncate(RESETS);
    all.into_iter().map(|(stream, _)| stream).collect()
}

#[cfg(test)]
mod tests;
