//! The token that the calls to an upstream carry, and the task that keeps it fresh.
//!
//! One task asks for tokens, so that one question is under way at a time, and a call that is dropped drops
//! no question. It begins at once and nobody waits for it; calls wait for the first token, and for the next
//! one where the last is over, for [`WAIT_MAX`] at most. A token counts until it is over, whatever becomes
//! of asking for another.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::address::Address;
use super::config::{Config, Discovery};
use super::random;
use super::security::{Insecure, Security};
use super::task::Task;
use crate::call::{Code, Status};
use crate::control::oauth::{Credentials, NoToken, Token};
use crate::observe::upstreams as observe;
use crate::pem;

mod schedule;

use schedule::Schedule;

/// How long a call waits for a token at most.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(5);

/// The token, and the task that keeps it fresh, which ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    pub(super) bearer: Bearer,
    _keeping: Option<Arc<Task>>,
}

/// The token. Clones are the same one.
#[derive(Clone)]
pub(super) struct Bearer(Arc<Live>);

struct Live {
    upstream: Arc<str>,
    held: watch::Sender<Option<Held>>,
    schedule: Mutex<Schedule>,
    /// A backend did not take the token.
    refused: Notify,
    fetched: AtomicU64,
    failed: AtomicU64,
    /// Why there is no new one, since the last was given.
    wrong: Mutex<Option<NoToken>>,
}

/// A token that was given.
struct Held {
    bearer: HeaderValue,
    until: Instant,
    /// The same in seconds since 1970, for operators.
    not_after: u64,
}

impl Held {
    fn is_good(&self) -> bool {
        Instant::now() < self.until
    }
}

impl Authorization {
    /// Reads the files, and begins to ask, where calls are to carry a token.
    ///
    /// # Errors
    /// The files are no good.
    pub(super) fn start(
        config: &Config,
        upstream: &Arc<str>,
        secured: Option<&Security>,
    ) -> Result<Option<Self>, Insecure> {
        let Some(settings) = config.oauth.clone() else {
            return Ok(None);
        };
        let tls = secured.map(|secured| &secured.tls);
        let credentials = Credentials::open(settings, tls).map_err(Insecure::Oauth)?;
        if config.tls.is_none() && !is_here(&config.discovery) {
            tracing::warn!(%upstream, "calls carry a token to this upstream in the clear: whoever is on the way can read it and use it");
        }
        let bearer = Bearer(Arc::new(Live {
            upstream: Arc::clone(upstream),
            held: watch::Sender::new(None),
            schedule: Mutex::new(Schedule::new(Instant::now())),
            refused: Notify::new(),
            fetched: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            wrong: Mutex::new(None),
        }));
        let keeping = bearer.clone().keep(credentials);
        Ok(Some(Self {
            bearer,
            _keeping: Task::start(keeping).map(Arc::new),
        }))
    }
}

/// True if nobody is on the way to the endpoints.
fn is_here(discovery: &Discovery) -> bool {
    let is_here = |address: &Address| match address {
        Address::Unix(_) => true,
        Address::Tcp { .. } => {
            let host = address.host();
            let ip = host.parse::<IpAddr>();
            host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        }
    };
    match discovery {
        Discovery::Static(listed) => listed.iter().all(|one| is_here(&one.address)),
        Discovery::Dns { .. } | Discovery::Srv { .. } | Discovery::File(_) => false,
    }
}

impl Bearer {
    /// The value of `authorization` now; none if there is no token that is good.
    pub(super) fn present(&self) -> Option<HeaderValue> {
        let held = self.0.held.borrow();
        let held = held.as_ref().filter(|held| held.is_good());
        held.map(|held| held.bearer.clone())
    }

    /// Waits until there is a token.
    ///
    /// # Errors
    /// UNAVAILABLE: there is none within [`WAIT_MAX`].
    pub(super) async fn ready(&self) -> Result<(), Status> {
        let mut held = self.0.held.subscribe();
        let good = held.wait_for(|held| held.as_ref().is_some_and(Held::is_good));
        match timeout(WAIT_MAX, good).await {
            Ok(Ok(_)) => Ok(()),
            // The sender is here: it is not gone.
            Ok(Err(_)) | Err(_) => Err(self.missing()),
        }
    }

    /// What a call ends with that has no token. Why there is none is for operators.
    pub(super) fn missing(&self) -> Status {
        let upstream = &self.0.upstream;
        let message =
            format!("upstream {upstream:?} cannot be called: there is no valid token for it");
        Status::gateway(Code::Unavailable, message)
    }

    /// The same for operators, who see why too.
    pub(super) fn explained(&self) -> Status {
        let mut status = self.missing();
        if let Some(why) = self.wrong().as_ref() {
            status.message = format!("{}: {why}", status.message);
        }
        status
    }

    /// A backend has answered UNAUTHENTICATED.
    pub(super) fn refused(&self) {
        if self.schedule().refused(Instant::now()) {
            self.0.refused.notify_one();
        }
    }

    /// What operators see.
    pub(super) fn view(&self) -> observe::Token {
        let held = self.0.held.borrow();
        observe::Token {
            not_after: held.as_ref().map(|held| held.not_after),
            fetched: self.0.fetched.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
            why: self.wrong().as_ref().map(NoToken::to_string),
        }
    }

    fn wrong(&self) -> MutexGuard<'_, Option<NoToken>> {
        self.0.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        // Nobody panics with it; and if, the state is still one.
        (self.0.schedule.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for tokens, for ever.
    async fn keep(self, mut credentials: Credentials) {
        loop {
            let due = self.schedule().due();
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.0.refused.notified() => continue,
                () = credentials.renewed() => {
                    tracing::info!(upstream = %self.0.upstream, "the client's secret was read again");
                    self.schedule().renewed(Instant::now());
                    continue;
                }
            }
            self.schedule().begins(Instant::now());
            let asked = credentials.ask().await;
            self.learn(asked);
        }
    }

    /// Takes what came of asking. What is wrong is told once, until it is something else.
    fn learn(&self, asked: Result<Token, NoToken>) {
        let upstream = &*self.0.upstream;
        let mut told = self.wrong();
        let now = Instant::now();
        match asked {
            Ok(token) => {
                let until = self.schedule().succeeded(now, token.lifetime);
                let left = until.saturating_duration_since(now);
                self.0.fetched.fetch_add(1, Ordering::Relaxed);
                self.0.held.send_replace(Some(Held {
                    bearer: token.bearer,
                    until,
                    not_after: pem::now().saturating_add(left.as_secs()),
                }));
                if told.take().is_some() {
                    tracing::info!(upstream, "there are tokens for calls again");
                } else {
                    tracing::debug!(upstream, ?left, "there is a new token for calls");
                }
            }
            Err(error) => {
                self.schedule().failed(now, random::unit());
                self.0.failed.fetch_add(1, Ordering::Relaxed);
                if told.as_ref() == Some(&error) {
                    tracing::debug!(upstream, %error, "there is still no new token for calls");
                } else {
                    let meanwhile = match self.present() {
                        Some(_) => "the one before counts until it is over",
                        None => "there is none, and calls are UNAVAILABLE until there is one",
                    };
                    tracing::warn!(upstream, %error, "there is no new token for calls; {meanwhile}");
                    *told = Some(error);
                }
            }
        }
    }
}

/// Nothing of a token is ever printed.
impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bearer").field(&self.0.upstream).finish()
    }
}
