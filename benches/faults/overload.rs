//! R23: five times the calls that the backend can bear.

use std::time::Duration;

use http::Method;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::backend::Manner;
use crate::gateway::asked;
use crate::line::Ask;
use crate::load::{Load, honest};
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;

/// What the backend works on at a time, and how long over each: 400 calls a second.
const SLOTS: usize = 10;
const HOLD: Duration = Duration::from_millis(25);
const CAPACITY: u32 = 400;
/// The breaker lets as many wait there as it works on.
const KEYS: &str = "limits: { requests: 20 }";

const SHORT: Duration = Duration::from_secs(5);
const LENGTH: Duration = Duration::from_secs(30);
const TIMES: u32 = 5;
/// How soon who is turned away has to know, and operators how it is.
const SHED: Duration = Duration::from_millis(10);
const HEALTH: Duration = Duration::from_millis(100);
const RECOVERED: Duration = Duration::from_secs(2);

const ASKS: &[Ask] = &[Ask::Get, Ask::Native];

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    let manner = Manner {
        hold: HOLD,
        slots: SLOTS,
        ..Manner::default()
    };
    let site = Site::start("overload", &[manner], KEYS, "").await;
    let clients = site.clients().await;
    let over = honest(&clients, CAPACITY * TIMES, ASKS).await;
    let half = Load::run(&clients, CAPACITY / 2, ASKS, SHORT).await;
    let peak = Load::run(&clients, CAPACITY * 5 / 4, ASKS, SHORT).await;
    let health = Health::watch(site.gateway.admin);
    let overload = Load::run(&clients, over, ASKS, LENGTH).await;
    let slowest = health.end().await;
    let after = Load::run(&clients, CAPACITY / 2, ASKS, SHORT).await;

    let goodput = |good: usize, length: Duration| good as f64 / length.as_secs_f64();
    let peak = goodput(peak.good().len(), SHORT);
    let (good, shed, bad) = (overload.good(), overload.shed(), overload.bad());
    let kept = goodput(good.len(), LENGTH);
    let steady = half.good().quantile(0.99);
    let accepted = good.quantile(0.99);
    let turned = shed.quantile(0.99);
    let mut failures = after.shed();
    failures.0.extend(after.bad().0);
    let recovery = failures.last().unwrap_or_default();
    tell(
        Line::new(
            "R23",
            format!(
                "{over} rps for {} s before a backend that bears {CAPACITY}, `limits.requests: 20`",
                LENGTH.as_secs()
            ),
        )
        .must(
            "goodput ≥ 80 % of peak",
            kept >= peak * 0.8,
            format!("{kept:.0} a second, the peak {peak:.0}"),
        )
        .must(
            "p99 of accepted ≤ 5 × steady",
            accepted <= steady * 5,
            format!("p99 {}, steady {}", ms(accepted), ms(steady)),
        )
        .must(
            "shed answers ≤ 10 ms",
            turned <= SHED,
            format!(
                "{} shed, p50 {}, p99 {}, worst {}",
                shed.len(),
                ms(shed.quantile(0.5)),
                ms(turned),
                ms(shed.quantile(1.0))
            ),
        )
        .must(
            "by 503 or 14 with RetryInfo",
            bad.len() == 0 && shed.len() > 0,
            format!("{} otherwise{}", bad.len(), bad.reasons()),
        )
        .must(
            "recovery < 2 s",
            recovery < RECOVERED && after.good().len() > 0,
            format!("last refusal {} after", ms(recovery)),
        )
        .must(
            "/livez and /readyz ≤ 100 ms",
            slowest <= HEALTH,
            format!("{} at most", ms(slowest)),
        )
        .note(format!("driver late by {}", ms(overload.late()))),
    );
}

/// Somebody who asks how the gateway is, all the time.
struct Health(JoinHandle<()>, tokio::sync::watch::Receiver<Duration>);

impl Health {
    fn watch(admin: std::net::SocketAddr) -> Self {
        let (slowest, seen) = tokio::sync::watch::channel(Duration::ZERO);
        let watching = tokio::spawn(async move {
            for path in ["/livez", "/readyz"].iter().cycle() {
                let begun = Instant::now();
                let answer = asked(admin, Method::GET, path).await;
                let took = match answer {
                    Some((200, _)) => begun.elapsed(),
                    _ => Duration::MAX,
                };
                slowest.send_modify(|slowest| *slowest = took.max(*slowest));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self(watching, seen)
    }

    /// The slowest answer.
    async fn end(self) -> Duration {
        self.0.abort();
        let _ = self.0.await;
        *self.1.borrow()
    }
}
