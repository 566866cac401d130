//! R28: nobody reads the access log, and the collector of traces is not there.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::net::TcpListener;

use crate::backend::Manner;
use crate::gateway::{Ear, Gateway};
use crate::line::{Ask, Line as Connection};
use crate::load::{Clients, LINES, Load, honest};
use crate::samples::ms;
use crate::site::{Site, free_port};
use crate::table::Line;

const RATE: u32 = 1000;
/// By turns, so that whatever else the machine does falls on both.
const ROUNDS: usize = 6;
const LENGTH: Duration = Duration::from_secs(5);
/// What the middle one of all rounds may differ by, in hundredths, and by how much in any case: what is
/// measured has grains.
const CHANGE: u32 = 5;
const GRAIN: Duration = Duration::from_micros(200);
/// KiB by which memory may grow from the first round to the last.
const SLACK: u64 = 2048;
/// Before the first, loads as long as this one until both queues are full: 4 MiB of lines, 4096 calls.
const FILLS: usize = 12;

const ASKS: &[Ask] = &[Ask::Get, Ask::Native];

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let site = Site::start("unheard", &[Manner::default()], "", "").await;
    let traces = |url: String| format!("traces: {{ endpoint: '{url}' }}\n");
    let there = traces(format!("http://{}", collector().await));
    let gone = traces(format!("http://127.0.0.1:{}", free_port()));
    let heard = site.telling("heard", &there, Ear::File).await;
    let unheard = site.telling("not-heard", &gone, Ear::Nobody).await;
    let (usual, other) = (clients(&heard).await, clients(&unheard).await);
    let rate = honest(&usual, RATE, ASKS).await;

    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..FILLS {
        Load::run(&other, rate, ASKS, LENGTH).await;
        if dropped(&unheard).await.into_iter().all(|count| count > 0.0) {
            break;
        }
    }
    let full = unheard.resident();
    let mut failed = 0;
    for _ in 0..ROUNDS {
        for (clients, all) in [(&usual, &mut before), (&other, &mut after)] {
            let samples = Load::run(clients, rate, ASKS, LENGTH).await;
            failed += samples.bad().len() + samples.shed().len();
            all.push(samples.good().quantile(0.99));
        }
    }
    let grown = unheard.resident().saturating_sub(full);
    let [lines, spans] = dropped(&unheard).await;
    let told = heard.metric("gateway_traces_exported_total", "").await;
    let (before, after) = (middle(before), middle(after));
    let most = before + (before * CHANGE / 100).max(GRAIN);
    tell(
        Line::new(
            "R28",
            format!(
                "{rate} rps for {ROUNDS} × {} s, each call with a line and a trace: a log that is read and a \
                 collector, by turns with a pipe that nobody reads and no collector",
                LENGTH.as_secs()
            ),
        )
        .must(
            "p99 changes by less than 5 % (or 0.2 ms)",
            after <= most,
            format!("p99 {}, usually {}", ms(after), ms(before)),
        )
        .must("no call fails", failed == 0, format!("{failed} failed"))
        .must(
            "drops are counted",
            lines > 0.0 && spans > 0.0,
            format!("{lines} lines and {spans} calls' spans dropped; the other collector has {told}"),
        )
        .must(
            "memory is flat once the queues are full",
            grown <= SLACK,
            format!("{grown} KiB more from the first round to the last"),
        ),
    );
}

/// Lines, and calls' spans, that were dropped.
async fn dropped(gateway: &Gateway) -> [f64; 2] {
    [
        gateway.metric("gateway_log_dropped_total", "").await,
        gateway.metric("gateway_traces_dropped_total", "").await,
    ]
}

async fn clients(gateway: &Gateway) -> Arc<Clients> {
    Clients::of(Connection::several(gateway.address, LINES).await)
}

fn middle(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

/// A collector that takes everything and keeps nothing.
async fn collector() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = axum::Router::new().fallback(|_: Bytes| async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        // An empty message, and the end.
        let message = Frame::data(Bytes::from_static(&[0; 5]));
        let frames = [Ok::<_, Infallible>(message), Ok(Frame::trailers(trailers))];
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let mut response = Response::new(axum::body::Body::new(body));
        let grpc = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert(header::CONTENT_TYPE, grpc);
        response
    });
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}
