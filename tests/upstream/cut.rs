//! A backend that dies in the middle of a call, and a gateway that leaves then: whatever the protocol and the kind of the call, its
//! client is told so in the answer, and never takes what came for the whole.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use h2::Reason;
use transom::call::timeout;
use transom::gateway::{Config, Gateway, SourceConfig};

use super::middle::{Stage, middle, under_way};
use crate::support::calls::conversation::{Conversation, Ending, Form, Way};
use crate::support::chaos::{Chaos, Mode};
use crate::support::scripted::{Break, PATIENCE, Scripted, Seen};

/// What becomes of the backend, or of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Its connections end.
    Ends(Break),
    /// It says nothing more, and leaves the PINGs of keepalive unanswered: a process that was
    /// stopped, or a host that is gone.
    Stops,
    /// It says nothing more, and the deadline of the calls passes.
    Dawdles,
    /// The gateway is told to stop, and the calls outlast its patience.
    Leaves,
}

impl Fault {
    /// UNAVAILABLE, or DEADLINE_EXCEEDED.
    const fn code(self) -> u32 {
        match self {
            Self::Ends(_) | Self::Stops | Self::Leaves => 14,
            Self::Dawdles => 4,
        }
    }
}

/// Time for all calls to get to their middle, and then some.
const DEADLINE: Duration = Duration::from_secs(3);

/// Of keepalive: how often a PING is sent, and how long its answer is waited for.
const KEEPALIVE: Duration = Duration::from_secs(1);

/// How long a drain waits for calls that will not end.
const PATIENCE_OF_A_DRAIN: Duration = Duration::from_millis(50);

/// One worker before this backend, with PINGs as often as no configuration file may ask for them.
async fn gateway(url: &str) -> Gateway {
    let mut config = Config::for_upstream(url).unwrap();
    config.workers = std::num::NonZeroUsize::MIN;
    config.schema = vec![SourceConfig::Protos {
        dir: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/proto")),
        upstream: config.upstreams[0].name.clone(),
    }];
    let connect = &mut config.upstreams[0].connect;
    connect.keepalive_interval = KEEPALIVE;
    connect.keepalive_timeout = KEEPALIVE;
    config.listener.drain.grace = PATIENCE_OF_A_DRAIN;
    Gateway::start(config, |_| {}).await.unwrap()
}

/// What is wrong with how a call ended, if anything is.
fn wrong(way: Way, stage: Stage, fault: Fault, ending: &Ending) -> Option<String> {
    let has_replies = stage == Stage::Answered && way.kind.streams();
    // An array that lacks its end, in a body that breaks off, is no JSON to anybody.
    let breaks_off = has_replies && way.form == Form::Array;
    let expected = (Some(fault.code()), usize::from(has_replies), !breaks_off);
    let outcome = &ending.outcome;
    let found = (outcome.code, outcome.replies.len(), ending.whole);
    (found != expected).then(|| {
        let what = "(code, replies, ended well)";
        format!(
            "{way} {stage:?}, {fault:?}: found {found:?}, expected {expected:?} {what}: {outcome:?}"
        )
    })
}

/// All ways to make a call, all under way when the backend fails.
async fn check(fault: Fault) {
    let wrong = join_all(Stage::ALL.map(|stage| all_wrong(fault, stage))).await;
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is wrong with how calls end that are at this stage.
async fn all_wrong(fault: Fault, stage: Stage) -> Vec<String> {
    let backend = Scripted::start(move |seen| middle(&seen.path, stage)).await;
    let chaos = Chaos::before(([127, 0, 0, 1], backend.port()).into()).await;
    let gateway = gateway(&chaos.url()).await;
    let address = gateway.address();
    let mut gateway = Some(gateway);
    let deadline = format!("{}m", DEADLINE.as_millis());
    let metadata = [("grpc-timeout", &*deadline)];
    let metadata = match fault {
        Fault::Dawdles => &metadata[..],
        Fault::Ends(_) | Fault::Stops | Fault::Leaves => &[],
    };
    let ways = Way::all();
    let mut calls = Vec::new();
    for way in &ways {
        let begun = Conversation::begin(address, *way, metadata).await;
        calls.push(under_way(begun, &backend, *way, stage).await);
    }
    match fault {
        Fault::Ends(how) => chaos.sever(how),
        Fault::Stops => chaos.set(Mode::Blackhole).await,
        Fault::Dawdles => {}
        Fault::Leaves => drop(tokio::spawn(gateway.take().unwrap().drain())),
    }
    let endings = join_all(calls.into_iter().map(async |call: Conversation| {
        let ending = tokio::time::timeout(PATIENCE, call.end()).await;
        ending.ok()
    }));
    let mut all = Vec::new();
    for (way, ending) in ways.iter().zip(endings.await) {
        all.extend(match ending {
            Some(ending) => wrong(*way, stage, fault, &ending),
            None => Some(format!("{way} {stage:?}, {fault:?}: it hangs")),
        });
    }
    if fault == Fault::Dawdles {
        all.extend(not_cancelled(&backend, ways.len()).await);
    }
    all
}

/// Calls whose streams were not cancelled, or whose backend was told that they have longer than they
/// have.
async fn not_cancelled(backend: &Scripted, calls: usize) -> Vec<String> {
    backend.happens(|record| record.resets.len() == calls).await;
    let record = backend.record();
    let seen = record.calls.iter().map(|call| &call.seen);
    let is_right = |seen: &Seen| {
        let told = timeout::parse(seen.text("grpc-timeout").as_bytes());
        let reset = record.reset_of(seen).map(|reset| reset.reason);
        told.is_ok_and(|told| told <= DEADLINE) && reset == Some(Reason::CANCEL)
    };
    let wrong = seen.filter(|seen| !is_right(seen)).map(|seen| {
        let reset = record.reset_of(seen);
        format!("{}: reset by {reset:?}, {:?}", seen.path, seen.metadata)
    });
    wrong.collect()
}

#[tokio::test]
async fn every_call_whose_backend_closes_its_connection_ends_with_an_error() {
    check(Fault::Ends(Break::Fin)).await;
}

#[tokio::test]
async fn every_call_whose_backend_resets_its_connection_ends_with_an_error() {
    check(Fault::Ends(Break::Rst)).await;
}

#[tokio::test]
async fn every_call_whose_backend_no_longer_answers_pings_ends_with_an_error() {
    check(Fault::Stops).await;
}

#[tokio::test]
async fn every_call_whose_backend_falls_silent_ends_at_its_deadline() {
    check(Fault::Dawdles).await;
}

#[tokio::test]
async fn every_call_that_outlasts_the_grace_of_a_drain_ends_with_an_error() {
    check(Fault::Leaves).await;
}
