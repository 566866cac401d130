//! A client of OpenTelemetry's trace service (OTLP over gRPC): takes calls that have ended out of their
//! queue, and sends their spans in batches. A collector that does not answer is asked less and less often;
//! what comes meanwhile waits in the queue as long as there is room.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tokio::sync::{mpsc, oneshot};
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use crate::observe::trace::{Finished, Tracer};

mod dial;
mod outage;
mod wire;

pub use dial::Authorities;

use outage::{Outage, why};
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
#[derive(Clone, Debug, PartialEq)]
pub struct Collector {
    /// `http://` or `https://`, and where it is.
    pub url: Uri,
    /// By whom its certificate has to be.
    pub authorities: Authorities,
    /// With what it is asked besides, such as a key of ours.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The name of the gateway among services.
    pub service: String,
}

impl Collector {
    /// Whether somebody on the way could read what it is asked with.
    #[must_use]
    pub fn reveals(&self) -> bool {
        let host = self.url.host().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        !self.headers.is_empty() && !is_here && self.url.scheme_str() != Some("https")
    }

    /// What sends it the spans of this tracer. It is connected to when there is something to send.
    ///
    /// # Errors
    /// There is no TLS with its authorities, in rustls' words.
    pub fn sender(self, tracer: Arc<Tracer>) -> Result<Sender, rustls::Error> {
        let channel = dial::channel(&self.url, &self.authorities)?;
        Ok(Sender {
            client: Grpc::new(channel),
            headers: self.headers.into_iter().collect(),
            service: self.service,
            tracer,
            outage: Outage::default(),
        })
    }
}

/// Sends what comes, until it is told to stop; then what is there, and no more.
pub async fn run(
    sender: Sender,
    mut calls: mpsc::Receiver<Box<Finished>>,
    mut stop: oneshot::Receiver<()>,
) {
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

/// Sends spans to a collector.
pub struct Sender {
    client: Grpc<Channel>,
    headers: HeaderMap,
    service: String,
    tracer: Arc<Tracer>,
    outage: Outage,
}

impl Sender {
    /// Sends a batch; several times, if that helps.
    async fn send(&self, batch: &[Box<Finished>]) {
        let mut pause = PAUSE;
        for _ in 1..TRIES_MAX {
            match self.ask(batch).await {
                Ok(()) => return self.taken(batch),
                Err(status) if !can_help(status.code()) => return self.lose(batch, &status),
                Err(status) => {
                    let cause = why(&status);
                    if self.outage.begins() {
                        tracing::warn!(
                            cause,
                            "the trace collector does not take spans; they wait, and it is asked again"
                        );
                    } else {
                        tracing::debug!(cause, ?pause, "the trace collector does not take spans");
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        self.try_once(batch).await;
    }

    /// Sends a batch, or loses it.
    async fn try_once(&self, batch: &[Box<Finished>]) {
        match self.ask(batch).await {
            Ok(()) => self.taken(batch),
            Err(status) => self.lose(batch, &status),
        }
    }

    fn taken(&self, batch: &[Box<Finished>]) {
        if let Some(lost) = self.outage.ends() {
            tracing::info!(lost, "the trace collector takes spans again");
        }
        self.tracer.told(batch.len() as u64);
    }

    /// The first that are lost are told of, and all of them when spans are taken again; metrics count them.
    fn lose(&self, batch: &[Box<Finished>], status: &tonic::Status) {
        let (calls, cause) = (batch.len() as u64, why(status));
        if self.outage.loses(calls) {
            tracing::warn!(
                calls,
                cause,
                "the trace collector does not take spans; they are lost"
            );
        } else {
            tracing::debug!(calls, cause, "the trace collector does not take spans");
        }
        self.tracer.lose(calls);
    }

    async fn ask(&self, batch: &[Box<Finished>]) -> Result<(), tonic::Status> {
        let spans = batch.iter().flat_map(|call| call.spans());
        let request = ExportRequest::new(&self.service, spans);
        let mut client = self.client.clone();
        let ready = client.ready().await;
        ready.map_err(|error| {
            let mut status = tonic::Status::unavailable("it is not reached");
            status.set_source(Arc::new(error));
            status
        })?;
        let codec = ProstCodec::<ExportRequest, ExportResponse>::default();
        let path = PathAndQuery::from_static(EXPORT);
        let mut request = tonic::Request::new(request);
        *request.metadata_mut() = MetadataMap::from_headers(self.headers.clone());
        client.unary(request, path, codec).await?;
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
