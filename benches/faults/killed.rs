//! R1: one of three backends is killed under load of calls that may be made twice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::backend::Manner;
use crate::line::Ask;
use crate::load::{Load, honest};
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;

const RATE: u32 = 1000;
const STEADY: Duration = Duration::from_secs(10);
/// What the latencies have to be good again after, and how long they are looked at then.
const SETTLED: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(5);
/// How long connects to the dead endpoint are counted: six steps of back-off.
const DEAD: Duration = Duration::from_secs(16);
/// Back-off of connections, by gRPC: the first delay less its jitter, and by what each grows.
const FIRST_DELAY: f64 = 0.8;
const GROWTH: f64 = 1.6;

const ASKS: &[Ask] = &[Ask::Get, Ask::Native];

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    tell(killed("the defaults", "", Duration::ZERO).await);
    // The defaults leave a dead endpoint alone for longer than its back-off. Like this it is tried at each
    // step of it; and more calls are under way when it dies.
    let keys = "balance: { policy: round_robin }\noutlier: { detect: false }";
    let told = "round robin without outlier detection";
    tell(killed(told, keys, Duration::from_millis(20)).await);
}

async fn killed(told: &str, keys: &str, hold: Duration) -> Line {
    let manner = Manner {
        hold,
        ..Manner::default()
    };
    let mut site = Site::start("killed", &[manner; 3], keys, "").await;
    let clients = site.clients().await;
    let rate = honest(&clients, RATE, ASKS).await;
    let load = Load::start(&clients, rate, ASKS);
    tokio::time::sleep(STEADY).await;
    let port = site.backends[0].port;
    let killed = load.elapsed();
    site.backends[0].kill();
    let connects = count_connects(port).await;
    tokio::time::sleep(DEAD).await;
    let samples = load.end().await;
    let connects = connects.lock().unwrap_or_else(PoisonError::into_inner);

    let warm = Duration::from_secs(2);
    let steady = samples.between(warm, killed).quantile(0.99);
    let from = killed + SETTLED;
    let after = samples.between(from, from + AFTER).quantile(0.99);
    let worst = samples.between(killed, from).quantile(1.0);
    let bad = samples.bad();
    let gaps: Vec<f64> = connects
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    // The connect that found the port closed came before the first of these, so each gap is a step
    // further than it is held to.
    let mut least = FIRST_DELAY;
    let is_spaced = gaps.iter().all(|gap| {
        let is_spaced = *gap >= least;
        least *= GROWTH;
        is_spaced
    });
    let shown: Vec<_> = gaps.iter().map(|gap| format!("{gap:.2}")).collect();
    Line::new(
        "R1",
        format!(
            "SIGKILL of one of 3 backends that take {} over a call, {rate} rps of idempotent calls, {told}",
            ms(hold)
        ),
    )
    .must(
        "0 failed",
        bad.len() == 0,
        format!("{} of {} failed{}", bad.len(), samples.len(), bad.reasons()),
    )
    .must(
        "p99 < 3 × steady 1 s after",
        after < steady * 3,
        format!(
            "p99 {} before, {} from 1 s after; the worst call of the first second {}",
            ms(steady),
            ms(after),
            ms(worst)
        ),
    )
    .must(
        "one connect a step of back-off",
        is_spaced,
        format!(
            "{} connects to the dead port in {} s{}",
            connects.len(),
            DEAD.as_secs(),
            match shown[..] {
                [] => String::new(),
                _ => format!(", {} s apart", shown.join(", ")),
            }
        ),
    )
    .note(format!("driver late by {}", ms(samples.late())))
}

/// When somebody connected to the port of a backend that is gone; each connection is closed at once.
async fn count_connects(port: u16) -> Arc<Mutex<Vec<Instant>>> {
    let connects = Arc::<Mutex<Vec<Instant>>>::default();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let counted = Arc::clone(&connects);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
            let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
            counted.push(Instant::now());
        }
    });
    connects
}
