//! R7: all backends fail at once, for a while: how many attempts are made of the calls.

use std::time::Duration;

use crate::backend::{Backend, Manner};
use crate::line::Ask;
use crate::load::{Load, honest};
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;

const RATE: u32 = 1000;
const STEADY: Duration = Duration::from_secs(3);
const FAILING: Duration = Duration::from_secs(10);
/// The tokens are used up by then.
const FIRST: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(6);
const RECOVERED: Duration = Duration::from_secs(2);
const RATIO: f64 = 1.25;

const ASKS: &[Ask] = &[Ask::Get, Ask::Native];
const KEYS: &str = "retries: { idempotent: { attempts: 4 } }";

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let mut site = Site::start("storm", &[Manner::default(); 3], KEYS, "").await;
    let clients = site.clients().await;
    let rate = honest(&clients, RATE, ASKS).await;
    let load = Load::start(&clients, rate, ASKS);
    tokio::time::sleep(STEADY).await;
    let backends = &mut site.backends;
    let attempts =
        |backends: &mut [Backend]| -> u64 { backends.iter_mut().map(Backend::calls).sum() };
    let begun = load.elapsed();
    let at_first = (attempts(backends), load.made());
    backends.iter_mut().for_each(Backend::fail);
    tokio::time::sleep(FIRST).await;
    let from = (attempts(backends), load.made());
    tokio::time::sleep(FAILING - FIRST).await;
    let to = (attempts(backends), load.made());
    let healed = load.elapsed();
    backends.iter_mut().for_each(Backend::heal);
    tokio::time::sleep(AFTER).await;
    let samples = load.end().await;

    let ratio = |from: (u64, u64), to: (u64, u64)| (to.0 - from.0) as f64 / (to.1 - from.1) as f64;
    let later = ratio(from, to);
    let first = ratio(at_first, from);
    let during = samples.between(begun, healed);
    // The last ones were still under way.
    let before = samples.between(Duration::ZERO, begun - FIRST).bad();
    let last = samples.between(healed, Duration::MAX).bad().last();
    let recovery = last.map_or(Duration::ZERO, |last| last - healed);
    let answered = samples.between(healed, Duration::MAX).good();
    tell(
        Line::new(
            "R7",
            format!("3 backends answer UNAVAILABLE for 10 s, {rate} rps, 4 attempts allowed"),
        )
        .must(
            "attempts / calls ≤ 1.25 after the first second",
            later <= RATIO,
            format!("{later:.3} (in the first second {first:.3})"),
        )
        .must(
            "recovery < 2 s",
            recovery < RECOVERED && answered.len() > 0,
            format!("last failure {} after they healed", ms(recovery)),
        )
        .must(
            "",
            before.len() == 0,
            format!(
                "{} failed before, {} of {} meanwhile",
                before.len(),
                during.bad().len(),
                during.len()
            ),
        )
        .note(format!("driver late by {}", ms(samples.late()))),
    );
}
