//! Who holds a connection that was taken over from HTTP (see [`Tenure`]): it stays open until the
//! last holder is gone, and at the end of a drain's grace each is told to leave.

use std::time::Duration;

use http::Version;
use tokio::sync::watch;

use super::guard::OpenCall;
use crate::call::{Taken, Tenure};

/// The holders of one connection.
#[derive(Clone, Debug)]
pub(super) struct Tenancy {
    over: watch::Sender<()>,
    write_stall: Duration,
    taken: Taken,
}

impl Tenancy {
    /// The holders of a connection whose socket counts what is `taken`.
    pub(super) fn new(write_stall: Duration, taken: Taken) -> Self {
        let (over, _) = watch::channel(());
        Self {
            over,
            write_stall,
            taken,
        }
    }

    /// A place for whoever takes the connection of a request of this version over, or its stream.
    pub(super) fn tenure(&self, open: OpenCall, version: Version) -> Tenure {
        let taken = if version < Version::HTTP_2 {
            self.taken.clone()
        } else {
            Taken::default() // the socket's are of all streams
        };
        Tenure::new(open, self.over.subscribe(), self.write_stall, taken)
    }

    /// Tells every holder to leave.
    pub(super) fn end(&self) {
        self.over.send_replace(());
    }

    /// Waits until there is no holder, and ends their tenures when the grace is over.
    pub(super) async fn ended(&self, grace: &mut watch::Receiver<()>) {
        tokio::select! {
            () = self.over.closed() => {}
            _ = grace.changed() => {
                self.end();
                self.over.closed().await;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::guard::{Guard, Watch};
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_held_until_its_last_holder_is_gone() {
        let now = tokio::time::Instant::now();
        let watch = Watch::new(
            Guard::new(super::super::Timeouts::default(), now),
            Arc::default(),
        );
        let tenancy = Tenancy::new(Duration::from_secs(1), Taken::default());
        let (grace, mut graces) = watch::channel(());
        tenancy.ended(&mut graces).await;
        let holders = [0, 1].map(|_| tenancy.tenure(watch.request(), Version::HTTP_11));
        let leaving = tokio::spawn(async move {
            for holder in holders {
                holder.over().await;
            }
        });
        grace.send(()).unwrap();
        tenancy.ended(&mut graces).await;
        leaving.await.unwrap();
    }

    #[tokio::test]
    async fn a_tenure_is_over_with_its_connection() {
        let now = tokio::time::Instant::now();
        let watch = Watch::new(
            Guard::new(super::super::Timeouts::default(), now),
            Arc::default(),
        );
        let tenancy = Tenancy::new(Duration::from_secs(1), Taken::default());
        let tenure = tenancy.tenure(watch.request(), Version::HTTP_11);
        drop(tenancy);
        tenure.over().await;
    }
}
