//! The timers of one connection: who is slow, who is idle, who is at work.
//!
//! ```text
//!            first byte             head complete           last body ends
//!  Fresh ───────────────► Reading ───────────────► Busy(n) ───────────────► Idle
//!    │ preface               │ preface, then head     │ no timer here         │ idle
//!    ▼                       ▼                        (calls have their own)  ▼
//!   Slow                    Slow                                             Idle
//! ```
//!
//! A gateway that is strained shortens the time of the idle, and gives every connection that is idle or
//! busy a turn at which it is told to go.
//!
//! [`Guard`] is a pure value with time as an argument; [`Watch`] shares it between the socket, the
//! request service and the connection's task. An HTTP/2 connection is past its preface with the
//! first frame header; whatever it sends later without a stream is only idleness.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::Timeouts;
use super::strain::{Ask, Strain};
use crate::call::{Buffers, Taken};

/// What an HTTP/2 client sends first: the preface and at least one frame header.
const HTTP2_OPENING: usize = 24 + 9;

/// Start of the HTTP/2 preface, enough to tell it from every HTTP/1 method.
const HTTP2_MARK: &[u8] = b"PRI ";

/// Why a connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It began something and did not go on in time: cut it.
    Slow,
    /// Nothing runs on it: say good-bye.
    Idle,
    /// Its turn has come to go: say good-bye, and let its calls end.
    Unwanted,
}

/// The state machine of the picture above.
#[derive(Debug)]
pub(super) struct Guard {
    timeouts: Timeouts,
    phase: Phase,
    /// Bytes received before the first request, and the first of them.
    received: usize,
    mark: [u8; HTTP2_MARK.len()],
    open_calls: usize,
    strain: Strain,
    /// Its part of the time in which all are told to go.
    turn: f64,
    asked: Asked,
}

/// Whether the connection is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    No,
    /// When its turn comes.
    Since(Instant),
    /// It was told.
    Told,
}

/// A half of the time in which all are told to go.
#[derive(Clone, Copy, Debug)]
enum Half {
    /// Of those without a call.
    First,
    /// Of those with one.
    Second,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Fresh { since: Instant },
    Reading { since: Instant },
    Busy,
    Idle { since: Instant },
}

impl Guard {
    pub(super) fn new(timeouts: Timeouts, now: Instant) -> Self {
        let phase = Phase::Fresh { since: now };
        Self {
            timeouts,
            phase,
            received: 0,
            mark: [0; 4],
            open_calls: 0,
            strain: Strain::default(),
            turn: 0.0,
            asked: Asked::No,
        }
    }

    /// With this turn, a number in 0..1.
    pub(super) fn in_turn(self, turn: f64) -> Self {
        Self { turn, ..self }
    }

    /// So much is asked from now on.
    pub(super) fn on_strain(&mut self, now: Instant, strain: Strain) {
        self.strain = strain;
        self.asked = match (self.asked, strain.ask) {
            (Asked::Told, _) => Asked::Told,
            (Asked::No | Asked::Since(_), Ask::Nothing) => Asked::No,
            (Asked::No, Ask::Leave | Ask::StayOut) => Asked::Since(now),
            (since @ Asked::Since(_), Ask::Leave | Ask::StayOut) => since,
        };
    }

    /// It was told to go.
    pub(super) fn on_told(&mut self) {
        self.asked = Asked::Told;
    }

    /// Bytes came in.
    pub(super) fn on_read(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(rest) = self.mark.get_mut(self.received..) {
            for (place, byte) in rest.iter_mut().zip(bytes) {
                *place = *byte;
            }
        }
        self.received = self.received.saturating_add(bytes.len());
        match self.phase {
            Phase::Fresh { since } | Phase::Reading { since } => {
                self.phase = if self.is_open_http2() {
                    Phase::Idle { since: now }
                } else {
                    Phase::Reading { since }
                };
            }
            Phase::Idle { .. } if !self.is_http2() => self.phase = Phase::Reading { since: now },
            Phase::Idle { .. } | Phase::Busy => {}
        }
    }

    /// A request head is complete.
    pub(super) fn on_request(&mut self) {
        self.open_calls += 1;
        self.phase = Phase::Busy;
    }

    /// A response body has ended, or was given up.
    pub(super) fn on_end(&mut self, now: Instant) {
        self.open_calls = self.open_calls.saturating_sub(1);
        if self.open_calls == 0 {
            self.phase = Phase::Idle { since: now };
        }
    }

    /// When the connection's time is up if nothing more happens, and why.
    pub(super) fn deadline(&self) -> Option<(Instant, Verdict)> {
        match self.phase {
            Phase::Fresh { since } => Some((since + self.timeouts.preface, Verdict::Slow)),
            Phase::Reading { since } => Some((since + self.timeouts.head, Verdict::Slow)),
            Phase::Idle { since } => {
                let idle = since + self.timeouts.idle.mul_f64(self.strain.idle);
                match self.turn_in(Half::First) {
                    Some(turn) if turn < idle => Some((turn, Verdict::Unwanted)),
                    Some(_) | None => Some((idle, Verdict::Idle)),
                }
            }
            Phase::Busy => Some((self.turn_in(Half::Second)?, Verdict::Unwanted)),
        }
    }

    /// When its turn comes in this half of the time for all, if it does.
    fn turn_in(&self, half: Half) -> Option<Instant> {
        let length = self.strain.turns / 2;
        let begin = match half {
            Half::First => Duration::ZERO,
            Half::Second => length,
        };
        match self.asked {
            Asked::Since(since) => Some(since + begin + length.mul_f64(self.turn)),
            Asked::No | Asked::Told => None,
        }
    }

    fn is_http2(&self) -> bool {
        self.received >= HTTP2_MARK.len() && self.mark == *HTTP2_MARK
    }

    fn is_open_http2(&self) -> bool {
        self.is_http2() && self.received >= HTTP2_OPENING
    }
}

/// A [`Guard`] shared by the parts of one connection.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    shared: Arc<Shared>,
    taken: Taken,
}

#[derive(Debug)]
struct Shared {
    guard: Mutex<Guard>,
    /// What holds answers that the client has not taken.
    buffers: Arc<Buffers>,
}

impl Watch {
    pub(super) fn new(guard: Guard, buffers: Arc<Buffers>) -> Self {
        Self {
            shared: Arc::new(Shared {
                guard: Mutex::new(guard),
                buffers,
            }),
            taken: Taken::default(),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Guard) -> T) -> T {
        // The guard's own code cannot panic half-way, so a poisoned lock still holds a valid state.
        let guard = self.shared.guard.lock();
        act(&mut guard.unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes came in.
    pub(super) fn on_read(&self, bytes: &[u8]) {
        self.with(|guard| {
            // While calls run no timer does, so the clock need not be asked.
            if !matches!(guard.phase, Phase::Busy) {
                guard.on_read(Instant::now(), bytes);
            }
        });
    }

    /// So much is asked from now on.
    pub(super) fn on_strain(&self, strain: Strain) {
        self.with(|guard| guard.on_strain(Instant::now(), strain));
    }

    /// It was told to go.
    pub(super) fn on_told(&self) {
        self.with(Guard::on_told);
    }

    /// Bytes went out.
    pub(super) fn on_write(&self, bytes: usize) {
        self.taken.count(bytes);
    }

    /// The count of the bytes that went out.
    pub(super) fn taken(&self) -> Taken {
        self.taken.clone()
    }

    /// Opens a call; it lasts until the value is dropped.
    pub(super) fn request(&self) -> OpenCall {
        self.with(Guard::on_request);
        OpenCall {
            watch: self.clone(),
        }
    }

    /// The connection's alarm clock.
    pub(super) fn alarm(&self) -> Alarm {
        let now = Instant::now();
        let recheck = self.with(|guard| guard.timeouts.idle);
        let sleep = Box::pin(tokio::time::sleep_until(now));
        Alarm {
            watch: self.clone(),
            sleep,
            recheck,
            snoozed: now,
        }
    }
}

/// Wakes the connection's task when a deadline passes.
///
/// It rings early rather than often: events only ever pull the alarm forward, and when it rings
/// the guard is asked what is due by then. So a busy connection moves no timer per request. The
/// task has to poll it after every poll of the connection, because that is where events happen.
#[derive(Debug)]
pub(super) struct Alarm {
    watch: Watch,
    sleep: Pin<Box<Sleep>>,
    /// How long a connection at work is left alone before it is looked at again.
    recheck: Duration,
    /// No ringing before: a connection that was told good-bye has until then to answer.
    snoozed: Instant,
}

impl Alarm {
    /// Rings again after `pause` at the earliest.
    pub(super) fn snooze(&mut self, pause: Duration) {
        self.snoozed = Instant::now() + pause;
        self.sleep.as_mut().reset(self.snoozed);
    }

    /// Ready once the connection's time is up.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        if let Some((at, _)) = self.watch.with(|guard| guard.deadline())
            && at.max(self.snoozed) < self.sleep.deadline()
        {
            self.sleep.as_mut().reset(at.max(self.snoozed));
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let next = match self.watch.with(|guard| guard.deadline()) {
                Some((at, verdict)) if at <= now => return Poll::Ready(verdict),
                Some((at, _)) => at,
                None => now + self.recheck,
            };
            self.sleep.as_mut().reset(next);
        }
        Poll::Pending
    }
}

/// A call that is under way on a connection.
#[derive(Debug)]
pub(super) struct OpenCall {
    watch: Watch,
}

impl OpenCall {
    /// What holds answers that the client has not taken.
    pub(super) fn buffers(&self) -> &Arc<Buffers> {
        &self.watch.shared.buffers
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.watch.with(|guard| guard.on_end(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn guard() -> (Guard, Instant) {
        let now = Instant::now();
        (Guard::new(Timeouts::default(), now), now)
    }

    #[test]
    fn silence_and_a_half_head_are_slow() {
        let (mut guard, start) = guard();
        assert_eq!(guard.deadline(), Some((start + seconds(10), Verdict::Slow)));
        guard.on_read(start + seconds(1), b"GET / HT");
        guard.on_read(start + seconds(9), b"T"); // a byte now and then wins no time
        assert_eq!(guard.deadline(), Some((start + seconds(10), Verdict::Slow)));
    }

    #[test]
    fn half_an_http2_preface_and_a_preface_without_settings_are_slow() {
        let (mut guard, start) = guard();
        guard.on_read(start + seconds(1), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        assert_eq!(guard.deadline(), Some((start + seconds(10), Verdict::Slow)));
        guard.on_read(start + seconds(2), &[0, 0, 0, 4, 0, 0, 0, 0, 0]);
        assert_eq!(guard.deadline(), Some((start + seconds(77), Verdict::Idle)));
        guard.on_read(start + seconds(3), &[0; 17]); // a PING on an idle connection is no head
        assert_eq!(guard.deadline(), Some((start + seconds(77), Verdict::Idle)));
    }

    #[test]
    fn calls_stop_the_clock_and_the_last_one_starts_it_again() {
        let (mut guard, start) = guard();
        guard.on_read(start, b"GET / HTTP/1.1\r\n\r\n");
        guard.on_request();
        guard.on_request();
        assert_eq!(guard.deadline(), None);
        guard.on_end(start + seconds(20));
        assert_eq!(guard.deadline(), None);
        guard.on_end(start + seconds(30));
        assert_eq!(
            guard.deadline(),
            Some((start + seconds(105), Verdict::Idle))
        );
        guard.on_read(start + seconds(40), b"G"); // the next head of a kept-alive connection
        assert_eq!(guard.deadline(), Some((start + seconds(50), Verdict::Slow)));
    }

    #[test]
    fn under_strain_the_idle_have_less_time_and_each_connection_its_turn_to_go() {
        let start = Instant::now();
        let turns = seconds(10);
        let idle = 0.1;
        let shorter = |ask| Strain { idle, ask, turns };
        let mut guard = Guard::new(Timeouts::default(), start).in_turn(0.5);
        guard.on_read(start, b"GET / HTTP/1.1\r\n\r\n");
        guard.on_request();
        guard.on_strain(start, shorter(Ask::Nothing));
        assert_eq!(guard.deadline(), None);
        guard.on_end(start);
        let idle = (start + Duration::from_millis(7_500), Verdict::Idle);
        assert_eq!(guard.deadline(), Some(idle));

        // Without a call its turn is in the first half, with one in the second.
        guard.on_strain(start + seconds(1), shorter(Ask::Leave));
        guard.on_strain(start + seconds(2), shorter(Ask::StayOut));
        let turn = start + seconds(1) + turns / 4;
        assert_eq!(guard.deadline(), Some((turn, Verdict::Unwanted)));
        guard.on_request();
        let turn = turn + turns / 2;
        assert_eq!(guard.deadline(), Some((turn, Verdict::Unwanted)));
        // It is over before its turn has come.
        guard.on_strain(start + seconds(3), Strain::default());
        assert_eq!(guard.deadline(), None);
        // It is told once.
        guard.on_strain(start + seconds(4), shorter(Ask::Leave));
        guard.on_told();
        guard.on_strain(start + seconds(5), shorter(Ask::StayOut));
        assert_eq!(guard.deadline(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_moved_while_waiting_counts_as_it_is_then() {
        let watch = Watch::new(
            Guard::new(Timeouts::default(), Instant::now()),
            Arc::default(),
        );
        watch.on_read(b"GET / HTTP/1.1\r\n\r\n");
        let begun = Instant::now();
        let open = watch.request();
        let mut alarm = watch.alarm();
        let closing = tokio::spawn(async move {
            (
                std::future::poll_fn(|cx| alarm.poll_expired(cx)).await,
                begun.elapsed(),
            )
        });
        tokio::time::sleep(seconds(60)).await;
        drop(open);
        let (verdict, after) = closing.await.expect("the task ends");
        assert_eq!(verdict, Verdict::Idle);
        assert!(after >= seconds(135) && after < seconds(140), "{after:?}");
    }
}
