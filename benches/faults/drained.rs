//! R40: a gateway is told to end under load and streams, while another one takes over.

use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use crate::backend::Manner;
use crate::gateway::asked;
use crate::line::{Ask, End, Line as Connection};
use crate::load::{Clients, LINES, Load, honest};
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;
use crate::watchers::{Then, Watchers};

const RATE: u32 = 1000;
const STREAMS: usize = 200;
const BEAT: Duration = Duration::from_millis(100);
const STEADY: Duration = Duration::from_secs(3);
const AFTER: Duration = Duration::from_secs(2);
const DELAY: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(5);
/// Between the end of the grace and the last stream's.
const LEEWAY: Duration = Duration::from_secs(1);
const EXIT: Duration = Duration::from_secs(30);

const ASKS: &[Ask] = &[Ask::Get, Ask::Create, Ask::Native];

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let manner = Manner {
        hold: Duration::from_millis(5),
        ..Manner::default()
    };
    let more = format!(
        "timeouts: {{ drain_delay: {}s, drain_grace: {}s }}\n",
        DELAY.as_secs(),
        GRACE.as_secs()
    );
    let mut site = Site::start("drained", &[manner; 2], "", &more).await;
    let next = site.another("drained-next", &more).await;
    let address = site.gateway.address;
    let first = Connection::several(address, LINES).await;
    let clients = Clients::between(
        first.clone(),
        Connection::several(next.address, LINES).await,
    );
    let rate = honest(&clients, RATE, ASKS).await;
    let lines = Connection::several(address, 4).await;
    let mut watchers = Watchers::start(&lines, STREAMS, (16, BEAT), Then::Stop).await;
    let load = Load::start(&clients, rate, ASKS);
    tokio::time::sleep(STEADY).await;

    let told = Instant::now();
    site.gateway.signal("TERM");
    // Half of the clients watch readiness, as a load balancer does; the others hear it by the GOAWAY.
    let admin = site.gateway.admin;
    let flipped = async {
        while let Some((200, _)) = asked(admin, Method::GET, "/readyz").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (0..LINES)
            .step_by(2)
            .for_each(|client| clients.move_on(client));
        told.elapsed()
    };
    let goaway = async {
        let mut earliest = Duration::MAX;
        for line in first.iter().chain(&lines) {
            while !line.is_left().await {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            earliest = earliest.min(told.elapsed());
        }
        (earliest, told.elapsed())
    };
    let (flipped, (goaway, last_goaway)) = tokio::join!(flipped, goaway);
    let running = watchers.seen(BEAT * 5);
    let exit = site.gateway.ended(EXIT).await;
    watchers.stopped(LEEWAY).await;
    tokio::time::sleep(AFTER).await;
    let samples = load.end().await;
    let watched = watchers.seen(BEAT);

    let bad = samples.bad();
    let cut: Vec<_> = watched.ended.iter().map(|ended| ended.at - told).collect();
    let first_cut = cut.iter().min().copied().unwrap_or_default();
    let last_cut = cut.iter().max().copied().unwrap_or(Duration::MAX);
    let ends = |is: fn(&End) -> bool| watched.ended.iter().filter(|one| is(&one.end)).count();
    let unavailable = ends(|end| *end == End::Status(14));
    tell(
        Line::new(
            "R40",
            format!(
                "SIGTERM with {STREAMS} streams and {rate} rps, `drain_delay: 1s`, `drain_grace: 5s`; half of the clients watch /readyz, half wait for GOAWAY, then call another gateway"
            ),
        )
        .must(
            "readiness flips first",
            flipped < goaway,
            format!(
                "/readyz after {}, GOAWAY after {} to {}",
                ms(flipped),
                ms(goaway),
                ms(last_goaway)
            ),
        )
        .must(
            "0 failed short calls",
            bad.len() == 0,
            format!("{} of {} failed{}", bad.len(), samples.len(), bad.reasons()),
        )
        .must(
            "streams go on after GOAWAY, and end with UNAVAILABLE when the grace is over",
            running.live == STREAMS
                && cut.len() == STREAMS
                && unavailable == STREAMS
                && first_cut >= DELAY + GRACE - LEEWAY
                && last_cut <= DELAY + GRACE + LEEWAY,
            format!(
                "{} ran after GOAWAY; {} ended {} to {} after SIGTERM, {unavailable} by UNAVAILABLE, others {:?}",
                running.live,
                cut.len(),
                ms(first_cut),
                ms(last_cut),
                watched.ended.iter().map(|one| &one.end).find(|end| **end != End::Status(14))
            ),
        )
        .must(
            "exit code 0 within 30 s",
            matches!(exit, Some((_, Some(0)))),
            match exit {
                Some((at, code)) => format!("{code:?} after {}", ms(at - told)),
                None => "it does not end".to_owned(),
            },
        )
        .note(format!("driver late by {}", ms(samples.late()))),
    );
}
