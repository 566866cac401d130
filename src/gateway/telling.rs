//! The task that tells a collector of traces.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{StartError, Traces};
use crate::control::otlp;
use crate::observe::trace::Tracer;

/// The task, until it ends.
#[derive(Debug)]
pub(super) struct Telling {
    tracer: Arc<Tracer>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Telling {
    /// Starts it, on this runtime: no worker has anything to do with it.
    ///
    /// # Errors
    /// There is no TLS to the collector.
    pub(super) fn start(traces: Traces) -> Result<Self, StartError> {
        let (tracer, calls) = Tracer::new(traces.tracing);
        let tracer = Arc::new(tracer);
        let (stop, stopped) = oneshot::channel();
        let sender = traces.collector.sender(Arc::clone(&tracer));
        let telling = otlp::run(sender.map_err(StartError::Traces)?, calls, stopped);
        Ok(Self {
            tracer,
            stop,
            task: tokio::spawn(telling),
        })
    }

    pub(super) fn tracer(&self) -> Arc<Tracer> {
        Arc::clone(&self.tracer)
    }

    /// Tells what there is, and ends.
    pub(super) async fn end(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}
