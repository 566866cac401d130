//! R14: configurations, good and bad in turn, under load and streams.

use std::time::Duration;

use tokio::time::Instant;

use crate::backend::Manner;
use crate::line::{Ask, Line as Connection};
use crate::load::{Load, honest};
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;
use crate::watchers::{Then, Watchers};

const RATE: u32 = 2000;
const STREAMS: usize = 200;
const BEAT: Duration = Duration::from_millis(200);
const RELOADS: u32 = 100;
const LENGTH: Duration = Duration::from_secs(60);
/// How long one reload may take to show.
const PATIENCE: Duration = Duration::from_secs(5);

const ASKS: &[Ask] = &[Ask::Get, Ask::Create, Ask::Native];
const COUNTER: &str = "gateway_config_reload_total";

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let manner = Manner::default();
    let site = Site::start("reloaded", &[manner; 2], "", &good(0)).await;
    let clients = site.clients().await;
    let rate = honest(&clients, RATE, ASKS).await;
    let lines = Connection::several(site.gateway.address, 4).await;
    let watchers = Watchers::start(&lines, STREAMS, (16, BEAT), Then::Stop).await;
    let load = Load::start(&clients, rate, ASKS);
    let begun = Instant::now();
    let mut generation = generation(&site).await;
    let (mut is_monotonic, mut missed) = (true, 0);
    for number in 0..RELOADS {
        let is_good = number % 2 == 0;
        let text = if is_good { good(number) } else { bad() };
        // Good and bad ones come each of the three ways.
        missed += usize::from(!reload(&site, &site.with(&text), number / 2 % 3, is_good).await);
        let now = self::generation(&site).await;
        is_monotonic &= now == generation + u64::from(is_good);
        generation = now;
        let next = begun + LENGTH * (number + 1) / RELOADS;
        tokio::time::sleep_until(next).await;
    }
    let took = begun.elapsed();
    let samples = load.end().await;
    let watched = watchers.seen(BEAT * 10);
    let taken = site.gateway.metric(COUNTER, "taken").await;
    let refused = site.gateway.metric(COUNTER, "refused").await;
    let failed = samples.bad();
    tell(
        Line::new(
            "R14",
            format!(
                "{RELOADS} reloads in {:.0} s, good and bad in turn, by file, SIGHUP and POST, {rate} rps, {STREAMS} streams",
                took.as_secs_f64()
            ),
        )
        .must(
            "0 failed",
            failed.len() == 0,
            format!("{} of {} failed{}", failed.len(), samples.len(), failed.reasons()),
        )
        .must(
            "bad ones are refused and counted",
            taken == f64::from(RELOADS / 2) && refused == f64::from(RELOADS / 2) && missed == 0,
            format!("{taken} taken, {refused} refused, {missed} missed"),
        )
        .must(
            "no stream is cut",
            watched.ended.is_empty() && watched.gaps == 0 && watched.live == STREAMS,
            format!("{} of {STREAMS} run, {} messages", watched.live, watched.beats),
        )
        .must(
            "the generation is monotonic",
            is_monotonic,
            format!("it ends at {generation}"),
        )
        .note(format!(
            "p99 {}, driver late by {}",
            ms(samples.quantile(0.99)),
            ms(samples.late())
        )),
    );
}

fn good(number: u32) -> String {
    format!("timeouts: {{ unary: {}s }}\n", 10 + number)
}

fn bad() -> String {
    "limits: { url: many }\n".to_owned()
}

/// The number of the configuration: the first, and one more for each that was taken.
async fn generation(site: &Site) -> u64 {
    1 + site.gateway.metric(COUNTER, "taken").await as u64
}

/// Writes a configuration, has it read one way or another, and waits until it is counted.
async fn reload(site: &Site, text: &str, way: u32, is_good: bool) -> bool {
    let result = if is_good { "taken" } else { "refused" };
    let before = site.gateway.metric(COUNTER, result).await;
    let next = site.file.with_extension("next");
    std::fs::write(&next, text).unwrap();
    std::fs::rename(&next, &site.file).unwrap();
    match way {
        0 => {}
        1 => site.gateway.signal("HUP"),
        _ => {
            let status = site.gateway.reload().await;
            let expected = if is_good { 200 } else { 422 };
            if status != expected {
                return false;
            }
        }
    }
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if site.gateway.metric(COUNTER, result).await > before {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
