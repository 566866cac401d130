//! Whether the endpoints of an upstream are known yet, and calls that wait for that.

use super::super::discovery::Found;
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

    /// Waits for the source to say for the first time which endpoints there are.
    ///
    /// # Errors
    /// UNAVAILABLE: the source has failed, or too many calls wait already.
    pub(in crate::upstream) async fn ready(&self) -> Result<(), Status> {
        if self.set().is_empty() {
            self.wait_for_endpoints().await?;
        }
        Ok(())
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
