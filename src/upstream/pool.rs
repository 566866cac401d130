//! The connections to one endpoint, and who may use them.
//!
//! hyper's queue has no bound and its readiness never blocks, so admission is counted here: a call
//! holds a [`Lease`], one stream of one connection, from before it is sent until nobody needs the
//! stream. The oldest connection with a free stream serves; when none has one, calls queue in order
//! and one more connection is made, one at a time.
//!
//! ```text
//!            a call waits                  SETTINGS came
//!   Idle ───────────────────► Connecting ────────────────► Idle, delays start over
//!    ▲                            │ failed
//!    └── the delay is over ─── backing off     no connection: waiting and new calls fail at once
//! ```
//!
//! An upstream has a pool for each worker. Connections and queues are a pool's own; whether the
//! endpoint can be reached, and when it is tried again, all of them know by one [`Outlook`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http2::SendRequest;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::connect::{ConnectError, Connected, Spawner, StreamLimit, connect};
use super::endpoint::Endpoint;
use super::exchange::RequestBody;
use super::outlook::Outlook;
use crate::call::{Code, Retry, Status};

/// Calls that wait in one pool for a stream at most.
const WAITING_MAX: usize = 1024;

/// One worker's connections to one endpoint.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

/// One stream of one connection. Dropping it gives the stream to the next call.
pub(super) struct Lease {
    pool: Pool,
    connection: u64,
    sender: SendRequest<RequestBody>,
    spawner: Spawner,
}

struct Shared {
    name: Arc<str>,
    endpoint: Endpoint,
    timeout: Duration,
    connections_max: usize,
    outlook: Arc<Outlook>,
    state: Mutex<State>,
}

struct State {
    /// Oldest first; `connections_max` at most.
    connections: Vec<Connection>,
    /// First come, first served; [`WAITING_MAX`] at most.
    waiting: VecDeque<Waiter>,
    progress: Progress,
    next_connection: u64,
}

type Waiter = oneshot::Sender<Result<Lease, Status>>;

struct Connection {
    id: u64,
    sender: SendRequest<RequestBody>,
    streams: StreamLimit,
    spawner: Spawner,
    open: usize,
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
    pub(super) fn new(
        name: Arc<str>,
        endpoint: Endpoint,
        timeout: Duration,
        connections_max: usize,
        outlook: Arc<Outlook>,
    ) -> Self {
        Self(Arc::new(Shared {
            name,
            endpoint,
            timeout,
            connections_max,
            outlook,
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
    pub(super) async fn lease(&self) -> Result<Lease, Status> {
        let turn = match self.ask()? {
            Turn::Now(lease) => return Ok(lease),
            Turn::Later(turn) => turn,
        };
        // The sender lives in the queue until it is used; a lost one would be a lost connection.
        turn.await
            .unwrap_or_else(|_| Err(self.unreachable("the connection was lost")))
    }

    fn ask(&self) -> Result<Turn, Status> {
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
        let down = self.0.outlook.down();
        if let Some(cause) = state.hopeless(down) {
            return Err(self.unreachable(cause));
        }
        if state.waiting.len() >= WAITING_MAX {
            state.waiting.retain(|waiter| !waiter.is_closed());
        }
        if state.waiting.len() >= WAITING_MAX {
            let message = format!(
                "upstream {:?} is overloaded: {WAITING_MAX} calls wait for it already",
                self.0.name
            );
            return Err(Status::gateway(Code::Unavailable, message));
        }
        let (waiter, turn) = oneshot::channel();
        state.waiting.push_back(waiter);
        let grants = self.serve(&mut state, down);
        drop(state);
        deliver(grants);
        Ok(Turn::Later(turn))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreachable(&self, cause: impl std::fmt::Display) -> Status {
        let message = format!("upstream {:?} cannot be reached: {cause}", self.0.name);
        Status::upstream(Code::Unavailable, message).retry(Retry::Unsent)
    }

    /// A stream of the oldest connection that has a free one.
    fn grant(&self, state: &mut State) -> Option<Lease> {
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
        })
    }

    /// Free streams for calls that wait, in their order; one more connection if that is not enough.
    fn serve(&self, state: &mut State, down: Option<ConnectError>) -> Grants {
        let mut grants = Grants::new();
        while let Some(waiter) = state.waiting.pop_front() {
            if waiter.is_closed() {
                continue;
            }
            let Some(lease) = self.grant(state) else {
                state.waiting.push_front(waiter);
                break;
            };
            grants.push((waiter, lease));
        }
        if !state.waiting.is_empty()
            && state.progress == Progress::Idle
            && state.connections.len() < self.0.connections_max
            && down.is_none()
        {
            // Without a runtime, as when a reply is dropped after its end, nobody waits any more.
            if let Ok(runtime) = Handle::try_current() {
                state.progress = Progress::Connecting;
                let pool = self.clone();
                // A task of its own: the connection outlives the call that asked for it.
                runtime.spawn(async move {
                    let result = connect(&pool.0.endpoint, pool.0.timeout).await;
                    pool.connected(result);
                });
            }
        }
        grants
    }

    fn connected(&self, result: Result<Connected, ConnectError>) {
        let mut state = self.lock();
        state.progress = Progress::Idle;
        match result {
            Ok(Connected {
                sender,
                streams,
                spawner,
                driver,
            }) => {
                tracing::debug!(upstream = %self.0.name, endpoint = %self.0.endpoint, "connected");
                self.0.outlook.reached();
                let id = state.next_connection;
                state.next_connection += 1;
                state.connections.push(Connection {
                    id,
                    sender,
                    streams,
                    spawner,
                    open: 0,
                });
                let pool = Arc::downgrade(&self.0);
                tokio::spawn(async move {
                    driver.run().await;
                    if let Some(shared) = pool.upgrade() {
                        Self(shared).retire(id);
                    }
                });
                let grants = self.serve(&mut state, None);
                drop(state);
                deliver(grants);
            }
            Err(cause) => {
                if let Some(delay) = self.0.outlook.failed(cause) {
                    tracing::warn!(
                        upstream = %self.0.name, endpoint = %self.0.endpoint, %cause, ?delay,
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
        let down = self.0.outlook.down();
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
                let _ = waiter.send(Err(self.unreachable(cause)));
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
        }
        self.go_on(state);
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
            .field("endpoint", &self.0.endpoint)
            .finish_non_exhaustive()
    }
}

impl Lease {
    /// Sends requests on the connection.
    pub(super) fn sender(&self) -> SendRequest<RequestBody> {
        self.sender.clone()
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

fn deliver(grants: Grants) {
    for (waiter, lease) in grants {
        // A call that has just left: its lease comes back and goes to the next one.
        let _ = waiter.send(Ok(lease));
    }
}
