//! What is counted of calls and attempts, by method and status.

use super::*;
use crate::observe::histogram::Histogram;
use crate::observe::meter::Meter;
use crate::upstream::config::Limits;
use crate::upstream::plan::{Rule, Sizes};

/// The meter of the only method that was called.
fn meter(upstream: &Upstream) -> Arc<Meter> {
    let mut used = upstream.meters()[0].1.used();
    assert_eq!(used.len(), 1);
    used.remove(0)
}

/// How many calls ended with which code.
fn calls(meter: &Meter) -> Vec<(Code, u64)> {
    let counts = meter
        .calls()
        .map(|(code, calls)| (code, calls.read().count));
    counts.collect()
}

/// How many attempts ended with which code, and the bytes they sent and received.
fn attempts(meter: &Meter) -> Vec<(Code, u64, f64, f64)> {
    let all = meter.attempts().map(|(code, attempts)| {
        let sum = |histogram: &Histogram| histogram.read().sum;
        let count = attempts.duration.read().count;
        (code, count, sum(&attempts.sent), sum(&attempts.received))
    });
    all.collect()
}

#[tokio::test]
async fn messages_are_measured_as_they_travel_without_their_envelopes() {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        read(&mut request.into_body()).await.unwrap();
        begin(respond, &[b"four", b"", b"seventeen letters"])
            .send_trailers(trailers(&[("grpc-status", "0")]))
            .unwrap();
    })
    .await;
    let upstream = backend.upstream();
    assert!(outcome(&upstream, server_stream()).await.is_ok());
    let messages = [b"one".as_slice(), b"three"];
    let messages = messages.map(|message| Ok(Message::from_payload(message)));
    let two = call(Shape::Bidi, Requests::stream(stream::iter(messages)));
    assert!(outcome(&upstream, two).await.is_ok());
    let meter = meter(&upstream);
    assert_eq!(meter.method(), "test.Echo/Say");
    assert_eq!(meter.started(), 2);
    assert_eq!(attempts(&meter), [(Code::Ok, 2, 10.0, 42.0)]);
    assert_eq!(calls(&meter), [(Code::Ok, 2)]);
    assert!(meter.retries().is_none() && meter.delay().is_none());
}

#[tokio::test]
async fn a_call_is_counted_with_its_retries_and_an_attempt_by_itself() {
    let tries = Arc::new(AtomicUsize::new(0));
    let backend = Backend::http2(
        0,
        10,
        move |_, mut respond: h2::server::SendResponse<Bytes>| {
            let first = tries.fetch_add(1, Ordering::SeqCst);
            async move {
                match first {
                    0 => respond.send_reset(h2::Reason::REFUSED_STREAM),
                    1 => {
                        let mut head = head();
                        head.headers_mut()
                            .extend(trailers(&[("grpc-status", "14")]));
                        respond.send_response(head, true).unwrap();
                    }
                    _ => ok(respond, b"fine"),
                }
            }
        },
    )
    .await;
    let upstream = backend.upstream();
    let mut call = unary(b"x");
    let method = Arc::get_mut(&mut call.method).unwrap();
    method.idempotency = Idempotency::NoSideEffects;
    assert!(outcome(&upstream, call).await.is_ok());
    let meter = meter(&upstream);
    assert_eq!(meter.started(), 3);
    let ended: Vec<_> = attempts(&meter)
        .into_iter()
        .map(|(code, count, ..)| (code, count))
        .collect();
    assert_eq!(ended, [(Code::Ok, 1), (Code::Unavailable, 2)]);
    assert_eq!(calls(&meter), [(Code::Ok, 1)]);
    let sum = |histogram: Option<&Histogram>| histogram.map(|histogram| histogram.read().sum);
    assert_eq!(sum(meter.retries()), Some(1.0));
    assert_eq!(sum(meter.transparent()), Some(1.0));
    assert_eq!(sum(meter.hedges()), None);
    assert!(
        sum(meter.delay()).unwrap() >= 0.02,
        "the pause of the policy"
    );
}

#[tokio::test]
async fn a_client_that_leaves_has_cancelled_and_one_that_is_refused_has_made_no_attempt() {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        let _open = begin(respond, &[b"m"]);
        let _ = read(&mut request.into_body()).await;
        std::future::pending::<()>().await;
    })
    .await;
    let mut config = backend.config();
    config.limits = Limits {
        requests: 1,
        pending: 1,
        ..Limits::default()
    };
    let upstream = Upstream::build([config], 1).unwrap();
    let reply = upstream.call(server_stream()).await.unwrap();
    let status = outcome(&upstream, server_stream()).await;
    assert_eq!(status.code, Code::Unavailable);
    drop(reply);
    let meter = meter(&upstream);
    assert_eq!(meter.started(), 1);
    let codes = [(Code::Cancelled, 1), (Code::Unavailable, 1)];
    assert_eq!(calls(&meter), codes);
    let ended: Vec<_> = attempts(&meter)
        .into_iter()
        .map(|(code, ..)| code)
        .collect();
    assert_eq!(ended, [Code::Cancelled]);
}

#[tokio::test]
async fn what_was_counted_outlives_a_change_of_the_configuration() {
    let backend = Backend::http2(0, 10, |_, respond| async move { ok(respond, b"") }).await;
    let first = backend.upstream();
    assert!(outcome(&first, unary(b"x")).await.is_ok());
    let mut other = backend.config();
    other.max_message = 77;
    let second = first.rebuild([other], 1).unwrap();
    assert!(outcome(&second, unary(b"x")).await.is_ok());
    assert_eq!(calls(&meter(&second)), [(Code::Ok, 2)]);
}

/// A backend that answers with five bytes, behind an upstream that allows messages so large.
async fn bounded(sizes: Sizes) -> (Backend, Upstream) {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        // A client that is cut off resets it.
        let _ = read(&mut request.into_body()).await;
        ok(respond, b"hello");
    })
    .await;
    let mut config = backend.config();
    config.retries.rules = vec![Rule {
        sizes,
        ..Rule::of("test.*".parse().unwrap())
    }];
    let upstream = Upstream::build([config], 1).unwrap();
    (backend, upstream)
}

#[tokio::test]
async fn messages_above_the_methods_bounds_end_the_call() {
    for (request, response, expected) in [
        (Some(5), Some(5), Code::Ok),
        (Some(4), None, Code::ResourceExhausted),
        (None, Some(4), Code::ResourceExhausted),
        // The gateway's own bound is smaller.
        (Some(usize::MAX), Some(usize::MAX), Code::Ok),
    ] {
        let (_backend, upstream) = bounded(Sizes { request, response }).await;
        let status = outcome(&upstream, unary(b"world")).await;
        assert_eq!(status.code, expected, "{request:?} {response:?}: {status}");
        let streamed = stream::iter([Ok(Message::from_payload(b"world"))]);
        let status = outcome(
            &upstream,
            call(Shape::ClientStream, Requests::stream(streamed)),
        );
        let status = status.await;
        assert_eq!(status.code, expected, "{request:?} {response:?}: {status}");
        let started = meter(&upstream).started();
        // What is known to be too large is not sent.
        assert_eq!(started, if request == Some(4) { 1 } else { 2 });
    }
    let (_backend, upstream) = bounded(Sizes {
        request: Some(4),
        response: None,
    })
    .await;
    let status = outcome(&upstream, unary(b"world")).await;
    assert_eq!(
        status.message,
        "found a request message of 5 bytes, expected at most 4: maxRequestMessageBytes of the method's \
         service config"
    );
}

#[tokio::test]
async fn a_backend_is_told_less_time_than_there_is_by_the_offset() {
    let backend = Backend::http2(0, 10, |request, respond| async move {
        let told = request.headers()["grpc-timeout"].as_bytes().to_owned();
        ok(respond, &told);
    })
    .await;
    let mut config = backend.config();
    config.timeout_offset = Duration::from_secs(20);
    let upstream = Upstream::build([config], 1).unwrap();
    for (left, most) in [(60, 40), (15, 15)] {
        let call = Call {
            deadline: Deadline::after(Duration::from_secs(left)),
            ..unary(b"x")
        };
        let (messages, _) = collect(upstream.call(call).await.unwrap()).await;
        let told = crate::call::timeout::parse(&messages[0]).unwrap();
        let most = Duration::from_secs(most);
        assert!(told <= most && told > most / 2, "{told:?} of {left}");
    }
}
