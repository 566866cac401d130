//! The connections to one endpoint, and who may use them.
//!
//! hyper's queue has no bound and its readiness never blocks, so admission is counted here: a call
//! holds a [`Lease`], one stream of one connection, from before it is sent until nobody needs the
//! stream. The oldest connection with a free stream serves; when none has one, calls queue in order
//! and one more connection is made, one at a time.
//!
//! A connection that had no stream for an interval of keepalive serves nobody any more. PINGs go only while
//! calls run (servers take others for an attack, gRFC A8), so nobody knows whether it is alive: what a
//! NAT or a firewall has forgotten would swallow a call until keepalive notices. hyper does not let one send
//! a PING and wait for its answer, and a new connection takes little longer than that would.
//!
//! ```text
//!            a call waits                  SETTINGS came
//!   Idle ───────────────────► Connecting ────────────────► Idle, delays start over
//!    ▲                            │ failed
//!    └── the delay is over ─── backing off     no connection: waiting and new calls fail at once
//! ```
//!
//! An upstream has a pool for each worker. Connections and queues are a pool's own; whether the
//! endpoint can be reached, and when it is tried again, all of them know by one `Outlook`.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http2::SendRequest;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::breaker::{self, Breaker, Pending};
use super::connect::{ConnectError, Connected, Spawner, StreamLimit, connect};
use super::endpoint::Target;
use super::exchange::{Failure, RequestBody};
use super::parting::Parting;
use super::random;
use super::traffic::Traffic;
use crate::call::{Cause, Code, Retry, Status};

/// Share of a connection's greatest age that is random, both ways.
const AGE_JITTER: f64 = 0.1;

/// One worker's connections to one endpoint.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

/// One stream of one connection. Dropping it gives the stream to the next call.
pub(super) struct Lease {
    pool: Pool,
    connection: u64,
    sender: SendRequest<RequestBody>,
    spawner: Spawner,
    traffic: Traffic,
}

struct Shared {
    target: Arc<Target>,
    state: Mutex<State>,
}

struct State {
    /// Oldest first; no more than are configured for all workers.
    connections: Vec<Connection>,
    /// First come, first served; the breaker bounds them.
    waiting: VecDeque<Waiter>,
    progress: Progress,
    next_connection: u64,
}

/// A call that waits, counted by the breaker until it does no more.
struct Waiter {
    turn: oneshot::Sender<Result<Lease, Status>>,
    pending: Pending,
}

struct Connection {
    id: u64,
    sender: SendRequest<RequestBody>,
    streams: StreamLimit,
    spawner: Spawner,
    open: usize,
    /// Since when no stream is open.
    rests_since: Instant,
    /// Set where it ends because it rested: nothing is wrong then, and nobody need be told.
    is_let_go: Arc<AtomicBool>,
    _place: Place,
}

/// One of the connections to an endpoint and to an upstream, made or being made.
struct Place {
    _of_endpoint: Share,
    _of_upstream: breaker::Connection,
}

/// One of the connections to an endpoint.
struct Share(Arc<Target>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Idle,
    Connecting,
}

/// Leases on their way to calls; sent only when the state is no longer locked, since a lease that
/// nobody takes locks it to come back.
type Grants = Vec<(Waiter, Lease)>;

impl Pool {
    pub(super) fn new(target: Arc<Target>) -> Self {
        Self(Arc::new(Shared {
            target,
            state: Mutex::new(State {
                connections: Vec::new(),
                waiting: VecDeque::new(),
                progress: Progress::Idle,
                next_connection: 0,
            }),
        }))
    }

    /// A stream, as soon as there is one.
    ///
    /// # Errors
    /// UNAVAILABLE: the backend cannot be reached, or too many calls wait already.
    pub(super) async fn lease(&self, breaker: &Arc<Breaker>) -> Result<Lease, Status> {
        let turn = match self.ask(breaker)? {
            Turn::Now(lease) => return Ok(lease),
            Turn::Later(turn) => turn,
        };
        tokio::select! {
            // The sender lives in the queue until it is used; a lost one would be a lost connection.
            turn = turn => turn.unwrap_or_else(|_| Err(self.unreachable("the connection was lost"))),
            () = self.0.target.leaving.begun() => Err(Status::shutting_down()),
        }
    }

    fn ask(&self, breaker: &Arc<Breaker>) -> Result<Turn, Status> {
        let mut state = self.lock();
        state
            .connections
            .retain(|connection| !connection.sender.is_closed());
        if state.waiting.is_empty()
            && let Some(lease) = self.grant(&mut state)
        {
            return Ok(Turn::Now(lease));
        }
        // Asked once in each step, since other pools may change it at any time.
        let down = self.0.target.outlook.down();
        if let Some(cause) = state.hopeless(down) {
            return Err(self.unreachable(cause));
        }
        let pending = match breaker.wait() {
            Ok(pending) => pending,
            Err(overloaded) => {
                // Calls that left are counted until somebody looks.
                state.waiting.retain(|waiter| !waiter.turn.is_closed());
                breaker.wait().map_err(|_| overloaded)?
            }
        };
        let (waiter, turn) = oneshot::channel();
        state.waiting.push_back(Waiter {
            turn: waiter,
            pending,
        });
        let grants = self.serve(&mut state, down);
        drop(state);
        deliver(grants);
        Ok(Turn::Later(turn))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreachable(&self, cause: impl std::fmt::Display) -> Status {
        let message = format!(
            "upstream {:?} cannot be reached: {cause}",
            self.0.target.upstream
        );
        Status::upstream(Code::Unavailable, message)
            .retry(Retry::Unsent)
            .because(Cause::UpstreamUnreachable)
    }

    /// A stream of the oldest connection that has a free one. Those that rested too long are let go.
    fn grant(&self, state: &mut State) -> Option<Lease> {
        let rest_max = self.0.target.connect.keepalive_interval;
        state
            .connections
            .retain(|connection| !connection.is_let_go(rest_max));
        let connection = state
            .connections
            .iter_mut()
            .find(|connection| connection.open < connection.streams.get())?;
        connection.open += 1;
        Some(Lease {
            pool: self.clone(),
            connection: connection.id,
            sender: connection.sender.clone(),
            spawner: connection.spawner.clone(),
            traffic: Traffic::default(),
        })
    }

    /// Free streams for calls that wait, in their order; one more connection if that is not enough.
    fn serve(&self, state: &mut State, down: Option<ConnectError>) -> Grants {
        let mut grants = Grants::new();
        while let Some(waiter) = state.waiting.pop_front() {
            if waiter.turn.is_closed() {
                continue;
            }
            let Some(lease) = self.grant(state) else {
                state.waiting.push_front(waiter);
                break;
            };
            grants.push((waiter, lease));
        }
        if state.progress == Progress::Idle
            && down.is_none()
            && let Some(waiter) = state.waiting.front()
            // Without a runtime, as when a reply is dropped after its end, nobody waits any more.
            && let Ok(runtime) = Handle::try_current()
            && let Some(place) = self.place(&state.connections, waiter.pending.breaker())
        {
            state.progress = Progress::Connecting;
            let pool = self.clone();
            // A task of its own: the connection outlives the call that asked for it.
            runtime.spawn(async move {
                let result = connect(&pool.0.target).await;
                pool.connected(result, place);
            });
        }
        grants
    }

    /// A place among the connections of all workers; the first of a worker always has one.
    fn place(&self, own: &[Connection], breaker: &Arc<Breaker>) -> Option<Place> {
        let target = &self.0.target;
        let others = target.connections.fetch_add(1, Ordering::Relaxed);
        let share = Share(Arc::clone(target));
        let of_upstream = if own.is_empty() {
            breaker.first_connection()
        } else if others < target.connect.connections {
            breaker.connection()?
        } else {
            return None;
        };
        Some(Place {
            _of_endpoint: share,
            _of_upstream: of_upstream,
        })
    }

    fn connected(&self, result: Result<Connected, ConnectError>, place: Place) {
        let target = &self.0.target;
        let mut state = self.lock();
        state.progress = Progress::Idle;
        match result {
            Ok(Connected {
                sender,
                streams,
                spawner,
                driver,
            }) => {
                tracing::debug!(upstream = %target.upstream, endpoint = %target.address, "connected");
                target.connected.fetch_add(1, Ordering::Relaxed);
                target.news.connected();
                target.outlook.reached();
                let id = state.next_connection;
                state.next_connection += 1;
                let is_let_go = Arc::<AtomicBool>::default();
                state.connections.push(Connection {
                    id,
                    sender,
                    streams,
                    spawner,
                    open: 0,
                    rests_since: Instant::now(),
                    is_let_go: Arc::clone(&is_let_go),
                    _place: place,
                });
                let pool = Arc::downgrade(&self.0);
                let target = Arc::clone(target);
                tokio::spawn(async move {
                    let retire = || {
                        if let Some(shared) = pool.upgrade() {
                            Self(shared).retire(id);
                        }
                    };
                    let driven = driver.run(&target);
                    let parting = match target.connect.max_age {
                        None => driven.await,
                        Some(age) => grow_old(driven, age, retire).await,
                    };
                    if is_let_go.load(Ordering::Relaxed) {
                        target.partings.count(Parting::LetGo);
                    } else {
                        target.partings.count(parting);
                        target.lost.notify_one();
                        target.news.disconnected();
                    }
                    retire();
                });
                let grants = self.serve(&mut state, None);
                drop(state);
                deliver(grants);
            }
            Err(cause) => {
                drop(place);
                target.lost.notify_one();
                target.connect_failures.fetch_add(1, Ordering::Relaxed);
                if let Some(delay) = target.outlook.failed(cause) {
                    tracing::warn!(
                        upstream = %target.upstream, endpoint = %target.address, %cause, ?delay,
                        "cannot connect to the upstream",
                    );
                }
                self.go_on(state);
            }
        }
    }

    /// Serves calls that wait, or fails them if nothing will serve them.
    fn go_on(&self, mut state: MutexGuard<'_, State>) {
        if state.waiting.is_empty() {
            return;
        }
        let down = self.0.target.outlook.down();
        let grants = self.serve(&mut state, down);
        let hopeless = state.hopeless(down);
        let failed = match hopeless {
            Some(_) => std::mem::take(&mut state.waiting),
            None => VecDeque::new(),
        };
        drop(state);
        deliver(grants);
        if let Some(cause) = hopeless {
            for waiter in failed {
                let _ = waiter.turn.send(Err(self.unreachable(cause)));
            }
        }
    }

    /// No more calls on this connection.
    fn retire(&self, id: u64) {
        let mut state = self.lock();
        state.connections.retain(|connection| connection.id != id);
        self.go_on(state);
    }

    /// A stream of this connection is free.
    fn release(&self, id: u64) {
        let mut state = self.lock();
        if let Some(connection) = state
            .connections
            .iter_mut()
            .find(|connection| connection.id == id)
        {
            connection.open = connection.open.saturating_sub(1);
            if connection.open == 0 {
                connection.rests_since = Instant::now();
            }
        }
        self.go_on(state);
    }
}

impl Connection {
    /// True if it rested for so long; it is let go then.
    fn is_let_go(&self, max: Duration) -> bool {
        let has_rested = self.open == 0 && self.rests_since.elapsed() >= max;
        if has_rested {
            self.is_let_go.store(true, Ordering::Relaxed);
        }
        has_rested
    }
}

impl State {
    /// Why nothing will serve calls, if so: no connection is left, and none is made for a while.
    fn hopeless(&self, down: Option<ConnectError>) -> Option<ConnectError> {
        let has_hope = self.progress == Progress::Connecting || !self.connections.is_empty();
        down.filter(|_| !has_hope)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("endpoint", &self.0.target.address)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("connection", &self.connection)
            .field("traffic", &self.traffic)
            .finish_non_exhaustive()
    }
}

impl Lease {
    /// Sends requests on the connection.
    pub(super) fn sender(&self) -> SendRequest<RequestBody> {
        self.sender.clone()
    }

    /// The bytes that travel on the stream.
    pub(super) const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What a break of its stream means.
    pub(super) fn failure(&self, error: &hyper::Error) -> Failure {
        if self.pool.0.target.leaving.has_begun() {
            Failure::Leaving
        } else {
            Failure::of(error)
        }
    }

    /// What starts the connection's tasks.
    pub(super) fn spawner(&self) -> &Spawner {
        &self.spawner
    }

    /// Says that the connection takes no more calls, as after a GOAWAY.
    pub(super) fn retire_connection(&self) {
        self.pool.retire(self.connection);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.release(self.connection);
    }
}

enum Turn {
    Now(Lease),
    Later(oneshot::Receiver<Result<Lease, Status>>),
}

/// Drives a connection to its end, and retires it once it is old: calls on it go on.
async fn grow_old<T>(driven: impl Future<Output = T>, age: Duration, retire: impl Fn()) -> T {
    let age = age.mul_f64(1.0 + AGE_JITTER * (2.0 * random::unit() - 1.0));
    tokio::pin!(driven);
    tokio::select! {
        ended = &mut driven => return ended,
        () = tokio::time::sleep(age) => retire(),
    }
    driven.await
}

fn deliver(grants: Grants) {
    for (waiter, lease) in grants {
        // A call that has just left: its lease comes back and goes to the next one.
        let _ = waiter.turn.send(Ok(lease));
    }
}
