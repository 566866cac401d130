//! What is known of an endpoint by asking for its health, and what asking costs calls.

use super::*;
use crate::upstream::config::{Discovery, Limits, Listed};

/// An upstream whose endpoints at these ports are asked for their health.
fn asked(ports: &[u16], timeout: Duration) -> Upstream {
    let listed = ports.iter().map(|port| Listed {
        address: format!("127.0.0.1:{port}").parse().unwrap(),
        weight: 1,
    });
    let mut config = Config::found_by("backend", Discovery::Static(listed.collect()));
    config.health = Some(health::Config {
        timeout,
        ..health::Config::default()
    });
    config.limits = Limits {
        pending: 2,
        ..Limits::default()
    };
    Upstream::build([config], 1).unwrap()
}

/// Waits until this is why the only endpoint gets no calls.
async fn shows(upstream: &Upstream, why: &str) {
    loop {
        let view = upstream.view();
        let found = view[0].endpoints[0].why.as_deref();
        if found == Some(why) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn questions_of_health_are_not_calls_that_wait() {
    let deaf = || {
        Backend::scripted(0, |_, stream| async move {
            let _stream = stream;
            std::future::pending().await
        })
    };
    let all = [deaf().await, deaf().await, deaf().await, deaf().await];
    let upstream = asked(&all.each_ref().map(|one| one.port), SECOND);
    while all.iter().any(|one| one.connections() == 0) {
        tokio::task::yield_now().await;
    }
    let pending = upstream.view()[0].pending;
    assert_eq!((pending.now, pending.refused), (0, 0));
}

#[tokio::test]
async fn why_an_endpoint_is_not_healthy_is_what_came_of_asking() {
    let gone = Backend::http2(0, 10, |_, respond| async move { ok(respond, b"") }).await;
    let port = gone.port;
    gone.stop().await;
    let unreached = asked(&[port], SECOND);
    shows(&unreached, "it was not reached to ask for its health").await;

    let silent = Backend::http2(0, 10, |request, mut respond| async move {
        if request.uri().path().ends_with("/Watch") {
            let mut head = head();
            head.headers_mut()
                .extend(trailers(&[("grpc-status", "12")]));
            respond.send_response(head, true).unwrap();
        } else {
            std::future::pending::<()>().await;
        }
    })
    .await;
    let late = asked(&[silent.port], Duration::from_millis(20));
    shows(&late, "it has not said yet whether it serves").await;
    shows(&late, "its health service did not answer in time").await;

    // NOT_SERVING, and SERVICE_UNKNOWN.
    for (message, why) in [
        (b"\x08\x02", "its health service says so"),
        (
            b"\x08\x03",
            "its health service does not know the service it is asked for",
        ),
    ] {
        let backend = Backend::http2(0, 10, move |_, respond| async move {
            let mut stream = begin(respond, &[message]);
            reset(&mut stream).await;
        })
        .await;
        shows(&asked(&[backend.port], SECOND), why).await;
    }
}
