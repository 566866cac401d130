//! The task that tells a collector of traces.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Traces;
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
    pub(super) fn start(traces: Traces) -> Self {
        let (tracer, calls) = Tracer::new(traces.tracing);
        let tracer = Arc::new(tracer);
        let (stop, stopped) = oneshot::channel();
        let telling = otlp::run(traces.collector, Arc::clone(&tracer), calls, stopped);
        Self {
            tracer,
            stop,
            task: tokio::spawn(telling),
        }
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
