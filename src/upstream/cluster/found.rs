//! Whether the endpoints of an upstream are known yet, and the token for its calls; and calls that wait for
//! that.

use std::pin::pin;

use http::HeaderValue;
use tokio::time::{Instant, sleep_until};

use super::super::discovery::Found;
use super::super::plan::Readiness;
use super::Shared;
use crate::call::Status;

impl Shared {
    /// The source failed; if it has said nothing before, calls learn why.
    pub(in crate::upstream) fn not_found(&self, why: &'static str) {
        self.found.send_if_modified(|found| match found {
            Found::Nothing => {
                *found = Found::Failed(why);
                true
            }
            Found::Failed(before) => {
                *before = why;
                false
            }
            Found::List => false,
        });
    }

    /// Waits for the source to say for the first time which endpoints there are, or for an endpoint that
    /// can be reached.
    ///
    /// # Errors
    /// UNAVAILABLE: the source has failed, or too many calls wait already.
    pub(in crate::upstream) async fn ready(&self, readiness: Readiness) -> Result<(), Status> {
        match readiness {
            Readiness::FailFast if self.set().is_empty() => {
                self.unless_leaving(self.wait_for_endpoints()).await
            }
            Readiness::FailFast => Ok(()),
            Readiness::Awaited => self.reachable().await,
        }
    }

    /// Waits until there is an endpoint that is not left alone. Why it is let go at last (another
    /// list, better health, a connection, the end of a pause) does not matter: it looks again.
    ///
    /// # Errors
    /// UNAVAILABLE: too many calls wait already.
    pub(in crate::upstream) async fn reachable(&self) -> Result<(), Status> {
        if self.set().has_open() {
            return Ok(());
        }
        self.unless_leaving(self.wait_for_open()).await
    }

    /// Waits until there is a token, if calls carry one.
    ///
    /// # Errors
    /// UNAVAILABLE: there is none in time, or too many calls wait already.
    pub(in crate::upstream) async fn authorized(&self) -> Result<(), Status> {
        let Some(bearer) = self.bearer.as_ref().filter(|one| one.present().is_none()) else {
            return Ok(());
        };
        let _pending = self.breaker.wait()?;
        self.unless_leaving(bearer.ready()).await
    }

    /// The `authorization` of an attempt that is made now; none if clients choose it.
    ///
    /// # Errors
    /// UNAVAILABLE: the token is over, and there is no other yet.
    pub(in crate::upstream) fn authorization(&self) -> Result<Option<HeaderValue>, Status> {
        match &self.bearer {
            None => Ok(None),
            Some(bearer) => match bearer.present() {
                Some(value) => Ok(Some(value)),
                None => Err(bearer.missing()),
            },
        }
    }

    /// What a call waits for, unless the gateway leaves before.
    async fn unless_leaving(
        &self,
        awaited: impl Future<Output = Result<(), Status>>,
    ) -> Result<(), Status> {
        tokio::select! {
            ready = awaited => ready,
            () = self.common.leaving.begun() => Err(Status::shutting_down()),
        }
    }

    async fn wait_for_open(&self) -> Result<(), Status> {
        let _pending = self.breaker.wait()?;
        let mut found = self.found.subscribe();
        loop {
            let mut connected = pin!(self.common.news.connection());
            // From here on nothing is missed.
            connected.as_mut().enable();
            found.mark_unchanged();
            if self.set().has_open() {
                return Ok(());
            }
            let opening = self.set().opening();
            tokio::select! {
                () = connected => {}
                // The sender is this upstream's own.
                _ = found.changed() => {}
                () = until(opening) => {}
            }
        }
    }

    async fn wait_for_endpoints(&self) -> Result<(), Status> {
        let mut found = self.found.subscribe();
        let _pending = match &*found.borrow() {
            Found::Nothing => self.breaker.wait()?,
            Found::Failed(_) | Found::List => return self.has_list(),
        };
        // The sender is this upstream's own.
        let _ = found.wait_for(|found| *found != Found::Nothing).await;
        self.has_list()
    }

    fn has_list(&self) -> Result<(), Status> {
        match &*self.found.borrow() {
            Found::List => Ok(()),
            Found::Nothing => Err(self.without_endpoint("has no endpoint yet")),
            Found::Failed(why) => {
                Err(self.without_endpoint(format_args!("has no endpoint yet: {why}")))
            }
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
