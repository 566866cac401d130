//! R10: clients that read nothing of streams that come as fast as can be, and their neighbours on the
//! same connection to the backend.

use std::time::Duration;

use crate::backend::Manner;
use crate::line::{Ask, Line as Connection};
use crate::load::Load;
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;
use crate::watchers::{Then, Watchers};

const CLIENTS: usize = 100;
const LENGTH: Duration = Duration::from_secs(60);
/// Neighbours, and how often each has a beat.
const NEIGHBOURS: usize = 4;
const BEAT: Duration = Duration::from_millis(5);
const RATE: u32 = 200;

const ASKS: &[Ask] = &[Ask::Get, Ask::Native];
/// One worker, so that all share its connections.
const MORE: &str = "workers: 1\n";

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    for size in [20, 6, 1024, 64 * 1024] {
        tell(unread(size).await);
    }
}

async fn unread(size: usize) -> Line {
    let site = Site::start("unread", &[Manner::default()], "", MORE).await;
    let address = site.gateway.address;
    let clients = site.clients().await;
    let line = Connection::open(address).await;
    let neighbours = Watchers::start(&[line], NEIGHBOURS, (50, BEAT), Then::Stop).await;
    let mut unread = Vec::new();
    for _ in 0..CLIENTS {
        let line = Connection::open(address).await;
        let beats = line.watch(size, Duration::ZERO).await.unwrap();
        unread.push((line, beats));
    }
    let samples = Load::run(&clients, RATE, ASKS, LENGTH).await;
    let watched = neighbours.seen(BEAT * 100);
    let ended = site
        .gateway
        .metric("grpc_subchannel_disconnections_total", "")
        .await;
    let open = site
        .gateway
        .metric("grpc_subchannel_open_connections", "")
        .await;
    let mut still = 0;
    for (_, beats) in &mut unread {
        still += usize::from(beats.next().await.is_ok());
    }
    let bad = samples.bad();
    Line::new(
        "R10",
        format!(
            "{CLIENTS} clients read nothing of {size} B messages as fast as can be, {NEIGHBOURS} streams and {RATE} rps beside them, {} s",
            LENGTH.as_secs()
        ),
    )
    .must(
        "neighbours lose 0 messages",
        watched.gaps == 0 && watched.ended.is_empty() && watched.live == NEIGHBOURS,
        format!(
            "{} messages, {} lost, {} streams ended",
            watched.beats,
            watched.gaps,
            watched.ended.len()
        ),
    )
    .must(
        "0 errors",
        bad.len() == 0,
        format!("{} of {} calls failed{}", bad.len(), samples.len(), bad.reasons()),
    )
    .must(
        "no connection to the backend ends",
        ended < 1.0,
        format!("{ended} of {open} connections ended, {still} of the unread streams go on"),
    )
    .note(format!(
        "p99 {}, driver late by {}",
        ms(samples.quantile(0.99)),
        ms(samples.late())
    ))
}
