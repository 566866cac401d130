//! A gRPC backend on a real socket that does to every call what a script says, and remembers what it
//! saw: connections, calls, resets and when they came.
//!
//! HTTP/2 is h2's; what h2 would never do (a GOAWAY below a call that it has taken, a connection that
//! breaks in the middle) is put between its frames by [`wire`], which counts what passes as well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

mod connection;
mod play;
mod record;
mod script;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use record::Record;
pub(crate) use script::{Fields, Gate, Last, Pace, Script, framed, numbered};

/// Longest wait for something that has to happen; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How a connection is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// Properly for TCP: no more is sent, and what comes is swallowed.
    Fin,
    /// By a reset.
    Rst,
}

/// One call, as a script is chosen for it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Its place among all calls, from 0.
    pub(crate) number: usize,
    /// Its connection's place among all connections, from 0.
    pub(crate) connection: usize,
    /// Its stream's identifier.
    pub(crate) stream: u32,
    pub(crate) path: String,
    pub(crate) metadata: HeaderMap,
    pub(crate) at: Instant,
}

impl Seen {
    /// The text of a metadata field, `""` without it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.metadata
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// How a backend opens its connections.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub(crate) streams: Option<u32>,
    /// Bytes of one request's body before somebody reads it.
    pub(crate) stream_window: Option<u32>,
    /// Bytes of all of a connection's requests.
    pub(crate) connection_window: Option<u32>,
    pub(crate) greeting: Greeting,
}

/// What a client that has connected is met with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Greeting {
    /// HTTP/2.
    #[default]
    Settings,
    /// Nothing at all; what it sends is swallowed.
    Silence,
    /// The end of the connection.
    End(Break),
}

type Answer = dyn Fn(&Seen) -> Script + Send + Sync;

/// What the tasks of one backend share.
struct Shared {
    settings: Settings,
    answer: Mutex<Arc<Answer>>,
    record: watch::Sender<Record>,
}

/// A listening backend; dropping it closes the listener and every connection.
pub(crate) struct Scripted {
    port: u16,
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

impl Scripted {
    /// On a free port; `answer` chooses a script when a call's headers have come.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Script + Send + Sync + 'static) -> Self {
        Self::with(Settings::default(), answer).await
    }

    pub(crate) async fn with(
        settings: Settings,
        answer: impl Fn(&Seen) -> Script + Send + Sync + 'static,
    ) -> Self {
        let mut backend = Self {
            port: 0,
            shared: Arc::new(Shared {
                settings,
                answer: Mutex::new(Arc::new(answer)),
                record: watch::Sender::new(Record::default()),
            }),
            task: None,
        };
        backend.start_again().await;
        backend
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Other scripts for the calls to come.
    pub(crate) fn answer(&self, answer: impl Fn(&Seen) -> Script + Send + Sync + 'static) {
        *self.shared.answer.lock().unwrap() = Arc::new(answer);
    }

    /// What happened so far. Nothing else happens while somebody looks at it.
    pub(crate) fn record(&self) -> watch::Ref<'_, Record> {
        self.shared.record.borrow()
    }

    /// Forgets the calls and resets of before; connections keep their numbers.
    pub(crate) fn forget(&self) {
        self.shared.record.send_modify(|record| {
            record.calls.clear();
            record.resets.clear();
        });
    }

    /// Waits for something to have happened.
    pub(crate) async fn until(&self, what: impl FnMut(&Record) -> bool) {
        let happened = self.happens(what).await;
        assert!(happened, "it never happened: {:?}", self.record());
    }

    /// The same, where a test has more to say if it never does: then this is false.
    pub(crate) async fn happens(&self, what: impl FnMut(&Record) -> bool) -> bool {
        let mut record = self.shared.record.subscribe();
        let happened = tokio::time::timeout(PATIENCE, record.wait_for(what)).await;
        happened.is_ok()
    }

    /// Closes the listener and every connection, and resolves when all are gone.
    pub(crate) async fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
            self.until(|record| record.open() == 0).await;
        }
    }

    /// Listens again, on the port of before.
    pub(crate) async fn start_again(&mut self) {
        assert!(self.task.is_none(), "it listens already");
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&self.shared);
        self.task = Some(tokio::spawn(async move {
            let mut running = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                running.spawn(connection::serve(stream, Arc::clone(&shared)));
                while running.try_join_next().is_some() {}
            }
        }));
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// These scripts, one for each call, and then the last one for ever.
pub(crate) fn in_turn(scripts: Vec<Script>) -> impl Fn(&Seen) -> Script + Send + Sync + 'static {
    let left = Mutex::new(scripts);
    move |_| {
        let mut left = left.lock().unwrap();
        if left.len() > 1 {
            left.remove(0)
        } else {
            left[0].clone()
        }
    }
}
