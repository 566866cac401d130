//! R3: all backends are restarted, one after the other, again and again, under load and streams.

use std::time::Duration;

use tokio::time::Instant;

use crate::backend::{Backend, Manner};
use crate::line::{Ask, End, Line as Connection, Outcome};
use crate::load::{Load, honest};
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;
use crate::watchers::{Then, Watchers};

const RATE: u32 = 1000;
const STREAMS: usize = 100;
const BEAT: Duration = Duration::from_millis(100);
const ROUNDS: usize = 5;
/// How long a backend lets calls go on.
const GRACE: Duration = Duration::from_millis(500);
/// From a backend that is up to the next that goes down, as an orchestrator waits.
const PAUSE: Duration = Duration::from_secs(2);
/// How soon a client has to know that its stream is cut.
const TOLD: Duration = Duration::from_millis(200);

/// Calls that may be made twice and calls that may not, as many of each.
const ASKS: &[Ask] = &[Ask::Get, Ask::Create, Ask::Native, Ask::Create];

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let manner = Manner {
        hold: Duration::from_millis(5),
        grace: GRACE,
        ..Manner::default()
    };
    let mut site = Site::start("rolling", &[manner; 3], "", "").await;
    let clients = site.clients().await;
    let rate = honest(&clients, RATE, ASKS).await;
    let lines = Connection::several(site.gateway.address, 4).await;
    let watchers = Watchers::start(&lines, STREAMS, (16, BEAT), Then::Again).await;
    let load = Load::start(&clients, rate, ASKS);
    let mut exits: Vec<(u16, Instant)> = Vec::new();
    for _ in 0..ROUNDS {
        for at in 0..site.backends.len() {
            tokio::time::sleep(PAUSE).await;
            let leaving = site.backends.remove(at);
            let port = leaving.port;
            exits.push((port, leaving.terminate().await));
            site.backends.insert(at, Backend::start(port, manner));
        }
    }
    tokio::time::sleep(PAUSE).await;
    let samples = load.end().await;
    let watched = watchers.seen(BEAT * 10);

    let bad = samples.bad();
    let lost = bad.of(|sample| matches!(sample.outcome, Outcome::Bad(_) | Outcome::Unseen));
    let others: Vec<_> = watched
        .ended
        .iter()
        .filter(|ended| ended.end != End::Status(14))
        .collect();
    // How long after the end of its backend's process a stream ended; less than nothing is at once.
    let late = watched.ended.iter().map(|ended| {
        let of_port = exits.iter().filter(|(port, _)| Some(*port) == ended.port);
        let exit = of_port.map(|(_, at)| *at).min_by_key(|at| {
            let (earlier, later) = (ended.at.min(*at), ended.at.max(*at));
            later - earlier
        });
        exit.map_or(Duration::MAX, |exit| {
            ended.at.saturating_duration_since(exit)
        })
    });
    let latest = late.max().unwrap_or_default();
    tell(
        Line::new(
            "R3",
            format!(
                "SIGTERM (GOAWAY, {} ms of grace) of each of 3 backends, {ROUNDS} times, {rate} rps, half of them not idempotent, {STREAMS} server streams",
                GRACE.as_millis()
            ),
        )
        .must(
            "0 failed unary, idempotent or not",
            lost.len() == 0,
            format!("{} of {} failed{}", lost.len(), samples.len(), lost.reasons()),
        )
        .must(
            "every cut stream ends with UNAVAILABLE",
            others.is_empty() && !watched.ended.is_empty(),
            format!(
                "{} streams cut, {} otherwise than by UNAVAILABLE{}",
                watched.ended.len(),
                others.len(),
                others.first().map_or(String::new(), |other| format!(" ({:?})", other.end))
            ),
        )
        .must(
            "within 200 ms",
            latest <= TOLD,
            format!("{} after the backend's end at most", ms(latest)),
        )
        .must(
            "none hangs",
            watched.live == STREAMS,
            format!("{} of {STREAMS} streams run at the end", watched.live),
        )
        .note(format!("p99 {}", ms(samples.quantile(0.99))))
        .note(format!("driver late by {}", ms(samples.late()))),
    );
}
