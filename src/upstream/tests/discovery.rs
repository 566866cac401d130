//! Upstreams whose endpoints are found by DNS, by a server that does what a test tells it, or by a
//! file: what it says counts, and what goes wrong with it harms no call.

use std::path::PathBuf;

use tokio::time::Instant;

use super::*;
use crate::call::heard::Heard;
use crate::upstream::config::{Discovery, Limits};
use crate::upstream::discovery::ENDPOINTS_MAX;
use dns::{Script, Server};

mod dns;

/// Time between two questions at least.
const FLOOR: Duration = Duration::from_secs(30);

/// A backend that answers every call with its name.
async fn backend(name: &'static str) -> Backend {
    Backend::http2(0, 100, move |_, respond| async move {
        ok(respond, name.as_bytes());
    })
    .await
}

fn by_addresses(server: &Server, port: u16) -> Config {
    let discovery = Discovery::Dns {
        authority: format!("books.test:{port}").parse().unwrap(),
        port,
    };
    Config {
        nameservers: vec![server.address],
        ..Config::found_by("backend", discovery)
    }
}

fn by_services(server: &Server) -> Config {
    let discovery = Discovery::Srv {
        name: "_grpc._tcp.books.test".to_owned(),
    };
    Config {
        nameservers: vec![server.address],
        ..Config::found_by("backend", discovery)
    }
}

fn build(config: Config) -> Upstream {
    Upstream::build([config], 1).unwrap()
}

/// Who answers a call.
async fn answered(upstream: &Upstream) -> String {
    let reply = upstream.call(unary(b"hi")).await;
    let reply = reply.unwrap_or_else(|status| panic!("{status:?}"));
    let (messages, end) = collect(reply).await;
    assert!(end.status.is_ok(), "{:?}", end.status);
    String::from_utf8(messages[0].to_vec()).unwrap()
}

/// Calls until one of these answers, a call each second.
async fn until(upstream: &Upstream, name: &str) {
    while answered(upstream).await != name {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_the_first_answer_and_carry_the_name() {
    let backend = Backend::http2(0, 100, |request, respond| async move {
        let authority = request.uri().authority().unwrap().to_string();
        ok(respond, authority.as_bytes());
    })
    .await;
    let server = Server::start(Script::Addresses(vec![[127, 0, 0, 1]], 60)).await;
    let upstream = build(by_addresses(&server, backend.port));
    let calls = (0..10).map(|_| answered(&upstream));
    for authority in futures_util::future::join_all(calls).await {
        assert_eq!(authority, format!("books.test:{}", backend.port));
    }
    assert_eq!(server.questions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_before_the_first_answer_are_bounded_and_fail_at_once_after_a_failure() {
    let backend = backend("a").await;
    let server = Server::start(Script::Silence).await;
    let config = by_addresses(&server, backend.port);
    let upstream = build(Config {
        limits: Limits {
            pending: 1,
            ..Limits::default()
        },
        ..config
    });
    let (first, second) = tokio::join!(
        outcome(&upstream, unary(b"hi")),
        outcome(&upstream, unary(b"hi")),
    );
    assert_eq!(second.code, Code::Unavailable);
    assert!(second.message.contains("is overloaded"), "{second:?}");
    let said = "upstream \"backend\" has no endpoint yet: its name does not resolve";
    assert_eq!(
        (first.code, first.message.as_str()),
        (Code::Unavailable, said)
    );

    let before = Instant::now();
    let status = outcome(&upstream, unary(b"hi")).await;
    assert_eq!(status.message, said);
    assert_eq!(before.elapsed(), Duration::ZERO);

    server.says(Script::Addresses(vec![[127, 0, 0, 1]], 60));
    while !outcome(&upstream, unary(b"hi")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_wait_for_the_first_answer() {
    let server = Server::start(Script::Silence).await;
    let upstream = build(by_addresses(&server, 1));
    let mut call = unary(b"hi");
    call.deadline = Deadline::after(Duration::from_secs(2));
    let before = Instant::now();
    let status = outcome(&upstream, call).await;
    assert_eq!(status.code, Code::DeadlineExceeded);
    assert!(before.elapsed() < Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_with_dns_the_last_good_answer_serves_and_no_call_fails() {
    let backend = backend("a").await;
    let good = || Script::Addresses(vec![[127, 0, 0, 1]], 0);
    let many = (0..1000_u16).map(|n| {
        let [high, low] = (n + 2).to_be_bytes();
        [127, 0, high, low]
    });
    for (script, name) in [
        (Script::Code(2), "SERVFAIL"),
        (Script::Code(3), "NXDOMAIN"),
        (Script::Code(5), "REFUSED"),
        (Script::Silence, "no answer"),
        (Script::Empty, "no records"),
        (Script::Loop, "a CNAME that leads to itself"),
        (Script::Garbage, "garbage"),
        (Script::Addresses(many.collect(), 0), "1000 records"),
    ] {
        let server = Server::start(good()).await;
        let upstream = build(by_addresses(&server, backend.port));
        assert_eq!(answered(&upstream).await, "a");
        let is_good = matches!(script, Script::Addresses(..));
        server.says(script);
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(200) {
            if is_good {
                // None of them is there but by its address: nobody listens on most of 127/8.
                let _ = outcome(&upstream, unary(b"hi")).await;
            } else {
                assert_eq!(answered(&upstream).await, "a", "{name}");
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let questions = server.questions();
        assert!(questions.len() >= 3, "{name}: {questions:?}");
        for pair in questions.windows(2) {
            assert!(pair[1] - pair[0] >= FLOOR, "{name}: {questions:?}");
        }
        server.says(good());
        if is_good {
            while !outcome(&upstream, unary(b"hi")).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_change_ten_times_a_second_are_asked_for_every_thirty_seconds() {
    let (one, two) = (backend("one").await, backend("two").await);
    let services = |backend: &Backend| Script::Services(vec![(1, 1, backend.port, "localhost")], 0);
    let server = Server::start(services(&one)).await;
    let upstream = build(by_services(&server));
    let begin = Instant::now();
    let mut seen = std::collections::BTreeSet::new();
    for n in 0_u32.. {
        if begin.elapsed() > Duration::from_secs(600) {
            break;
        }
        server.says(services(if n.is_multiple_of(7) { &one } else { &two }));
        seen.insert(answered(&upstream).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    let questions = server.questions();
    assert!((15..=21).contains(&questions.len()), "{questions:?}");
}

#[tokio::test(start_paused = true)]
async fn a_ttl_is_waited_for_unless_a_connection_is_lost() {
    let (one, two) = (backend("one").await, backend("two").await);
    let services =
        |backend: &Backend| Script::Services(vec![(1, 1, backend.port, "localhost")], 300);
    let server = Server::start(services(&one)).await;
    let upstream = build(by_services(&server));
    assert_eq!(answered(&upstream).await, "one");
    server.says(services(&two));
    let begin = Instant::now();
    until(&upstream, "two").await;
    let took = begin.elapsed().as_secs();
    assert!((299..=305).contains(&took), "{took}");

    // The TTL would be over in 300 seconds; the backend goes before.
    server.says(services(&one));
    let begin = Instant::now();
    two.stop().await;
    while !outcome(&upstream, unary(b"hi")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let took = begin.elapsed();
    assert!(took <= FLOOR + Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn of_srv_records_the_lowest_priority_counts_by_weight_and_an_absent_service_is_none() {
    let backends = [backend("a").await, backend("b").await, backend("c").await];
    let [a, b, c] = [&backends[0], &backends[1], &backends[2]].map(|backend| backend.port);
    let records = vec![
        (10, 3, a, "localhost"),
        (20, 1, c, "localhost"),
        (10, 0, b, "localhost"),
    ];
    let server = Server::start(Script::Services(records, 30)).await;
    let mut config = by_services(&server);
    config.balance.policy = crate::upstream::balance::Policy::Weighted;
    let upstream = build(config);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..400 {
        *counts.entry(answered(&upstream).await).or_insert(0) += 1;
    }
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert!((240..=360).contains(&counts["a"]), "{counts:?}");

    // "There is no such service" (a target that is the root): the last good answer stays.
    server.says(Script::Services(vec![(0, 0, 1, "")], 30));
    tokio::time::sleep(FLOOR * 3).await;
    assert_eq!(answered(&upstream).await.len(), 1);
}

/// A file, removed when it is dropped.
struct Listing(PathBuf);

impl Listing {
    fn new(name: &str) -> Self {
        let name = format!("transom-list-{name}-{}.yaml", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn write(&self, text: &str) {
        let next = self.0.with_extension("next");
        std::fs::write(&next, text).unwrap();
        std::fs::rename(next, &self.0).unwrap();
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_followed_and_one_that_is_broken_or_gone_changes_nothing() {
    let (one, two) = (backend("one").await, backend("two").await);
    let item = |backend: &Backend| format!("- address: 127.0.0.1:{}\n", backend.port);
    let file = Listing::new("followed");
    let discovery = Discovery::File(file.0.clone());
    let (heard, _guard) = Heard::begin();
    let upstream = build(Config::found_by("backend", discovery));

    let status = outcome(&upstream, unary(b"hi")).await;
    let told = heard.with("endpoints cannot be found; there are none, and calls are UNAVAILABLE");
    assert_eq!(told.len(), 1, "{told:?}");
    let said = "upstream \"backend\" has no endpoint yet: the list of its endpoints cannot be read";
    assert_eq!(
        (status.code, status.message.as_str()),
        (Code::Unavailable, said)
    );

    file.write(&item(&one));
    while !outcome(&upstream, unary(b"hi")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    file.write(&item(&two));
    until(&upstream, "two").await;
    let too_many = "- address: h:1\n".repeat(ENDPOINTS_MAX + 1);
    for broken in [
        "",
        "- address: 127.0.0.1",
        "- address: h:0\n",
        too_many.as_str(),
    ] {
        file.write(broken);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(answered(&upstream).await, "two", "{broken:.20}");
    }
    std::fs::remove_file(&file.0).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(answered(&upstream).await, "two");
    let told = heard.with("endpoints cannot be found; the ones before stay");
    assert!(!told.is_empty());

    // No endpoint at all, said as clearly as that, is believed.
    file.write("[]");
    while outcome(&upstream, unary(b"hi")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let status = outcome(&upstream, unary(b"hi")).await;
    assert_eq!(status.message, "upstream \"backend\" has no endpoint");
    file.write(&item(&one));
    while !outcome(&upstream, unary(b"hi")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_source_ends_with_its_upstream() {
    let server = Server::start(Script::Addresses(vec![[127, 0, 0, 1]], 0)).await;
    let upstream = build(by_addresses(&server, 1));
    let _ = outcome(&upstream, unary(b"hi")).await;
    drop(upstream);
    let before = server.questions().len();
    tokio::time::sleep(FLOOR * 10).await;
    assert_eq!(server.questions().len(), before);
}
