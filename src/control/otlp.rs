//! A client of OpenTelemetry's trace service (OTLP over gRPC): takes calls that have ended out of their
//! queue, and sends their spans in batches. A collector that does not answer is asked less and less often;
//! what comes meanwhile waits in the queue as long as there is room.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::PathAndQuery;
use tokio::sync::{mpsc, oneshot};
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use crate::observe::trace::{Finished, Tracer};

mod wire;

use wire::{ExportRequest, ExportResponse};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Calls that are sent together, at most.
const BATCH_MAX: usize = 256;

/// How long a call waits for others to be sent with it.
const BATCH_WAIT: Duration = Duration::from_secs(1);

/// How long the collector may take to connect, and to answer.
const CONNECT_MAX: Duration = Duration::from_secs(3);
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Tries of one batch, and the pause after the first; each is twice as long as the one before.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// How long the last spans may take when the gateway stops.
const LAST_MAX: Duration = Duration::from_secs(1);

/// Where spans go, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// `http://` and where it is.
    pub url: Uri,
    /// The name of the gateway among services.
    pub service: String,
}

/// Sends what comes, until it is told to stop; then what is there, and no more.
pub async fn run(
    collector: Collector,
    tracer: Arc<Tracer>,
    mut calls: mpsc::Receiver<Box<Finished>>,
    mut stop: oneshot::Receiver<()>,
) {
    let endpoint = Endpoint::from(collector.url.clone());
    let endpoint = endpoint.connect_timeout(CONNECT_MAX).timeout(ANSWER_MAX);
    let sender = Sender {
        client: Grpc::new(endpoint.connect_lazy()),
        service: collector.service,
        tracer,
    };
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => break,
            some = calls.recv_many(&mut batch, BATCH_MAX) => if some == 0 { return },
        }
        let more = async {
            while batch.len() < BATCH_MAX {
                let room = BATCH_MAX - batch.len();
                if calls.recv_many(&mut batch, room).await == 0 {
                    return;
                }
            }
        };
        let stopped = tokio::select! {
            biased;
            _ = &mut stop => true,
            _ = tokio::time::timeout(BATCH_WAIT, more) => false,
        };
        if stopped {
            break;
        }
        tokio::select! {
            biased;
            _ = &mut stop => break,
            () = sender.send(&batch) => batch.clear(),
        }
    }
    let last = async {
        loop {
            while batch.len() < BATCH_MAX
                && let Ok(call) = calls.try_recv()
            {
                batch.push(call);
            }
            if batch.is_empty() {
                return;
            }
            sender.try_once(&batch).await;
            batch.clear();
        }
    };
    let _ = tokio::time::timeout(LAST_MAX, last).await;
}

struct Sender {
    client: Grpc<Channel>,
    service: String,
    tracer: Arc<Tracer>,
}

impl Sender {
    /// Sends a batch; several times, if that helps.
    async fn send(&self, batch: &[Box<Finished>]) {
        let mut pause = PAUSE;
        for _ in 1..TRIES_MAX {
            match self.ask(batch).await {
                Ok(()) => return self.tracer.told(batch.len() as u64),
                Err(status) if !can_help(status.code()) => {
                    tracing::warn!(%status, "the trace collector refused spans");
                    return self.tracer.lose(batch.len() as u64);
                }
                Err(status) => {
                    tracing::debug!(%status, ?pause, "the trace collector does not take spans");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        self.try_once(batch).await;
    }

    /// Sends a batch, or loses it.
    async fn try_once(&self, batch: &[Box<Finished>]) {
        let calls = batch.len() as u64;
        match self.ask(batch).await {
            Ok(()) => self.tracer.told(calls),
            Err(status) => {
                tracing::warn!(%status, calls, "the trace collector does not answer, spans are lost");
                self.tracer.lose(calls);
            }
        }
    }

    async fn ask(&self, batch: &[Box<Finished>]) -> Result<(), tonic::Status> {
        let spans = batch.iter().flat_map(|call| call.spans());
        let request = ExportRequest::new(&self.service, spans);
        let mut client = self.client.clone();
        let ready = client.ready().await;
        ready.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<ExportRequest, ExportResponse>::default();
        let path = PathAndQuery::from_static(EXPORT);
        client
            .unary(tonic::Request::new(request), path, codec)
            .await?;
        Ok(())
    }
}

/// Whether OTLP has a batch sent once more after this answer.
fn can_help(code: tonic::Code) -> bool {
    use tonic::Code;
    matches!(
        code,
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            | Code::ResourceExhausted
    )
}
