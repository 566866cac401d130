//! A backend that dies in the middle of an answer: no client takes what came for the whole.

use std::time::Duration;

use crate::support::before;
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{Break, Pace, Script, Scripted};
use crate::support::{Version, send};
use http::Method;

/// Two messages, and then the connection ends.
fn cut(how: Break) -> Script {
    Script::new().read().stream(2, 16, Pace::Full).cut(how)
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_with_an_error_in_every_dialect() {
    for how in [Break::Fin, Break::Rst] {
        let backend = Scripted::start(move |_| cut(how)).await;
        let gateway = before(&backend.url(), "").await;
        for dialect in Dialect::ALL {
            let outcome = call(gateway.address(), dialect, &Ask::stream()).await;
            assert_eq!(outcome.code, Some(14), "{dialect:?}: {outcome:?}");
            assert_eq!(outcome.replies.len(), 2, "{dialect:?}");
        }
    }
}

#[tokio::test]
async fn events_and_lines_end_with_an_error_record_too() {
    let backend = Scripted::start(move |_| cut(Break::Rst)).await;
    let gateway = before(&backend.url(), "").await;
    for (accept, mark) in [
        ("text/event-stream", "event: error"),
        ("application/x-ndjson", "{\"error\":"),
    ] {
        let answer = send(
            gateway.address(),
            Version::Http1,
            Method::GET,
            "/v1/echo:stream",
            &[("accept", accept)],
            "",
        )
        .await;
        assert!(answer.text().contains(mark), "{accept}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_unary_call_whose_backend_dies_is_an_error_in_every_dialect() {
    for how in [Break::Fin, Break::Rst] {
        let backend = Scripted::start(move |_| Script::new().read().cut(how)).await;
        let gateway = before(&backend.url(), "").await;
        for dialect in Dialect::ALL {
            let outcome = call(gateway.address(), dialect, &Ask::echo("a")).await;
            assert_eq!(outcome.code, Some(14), "{dialect:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_backend_that_falls_silent_ends_the_call_at_its_deadline() {
    let silent = || {
        Script::new()
            .read()
            .stream(2, 16, Pace::Full)
            .wait(Duration::from_secs(60))
    };
    let backend = Scripted::start(move |_| silent()).await;
    let gateway = before(&backend.url(), "").await;
    for dialect in [Dialect::Grpc, Dialect::GrpcWeb, Dialect::Rest] {
        let ask = Ask::stream().with("grpc-timeout", "300m");
        let outcome = call(gateway.address(), dialect, &ask).await;
        assert_eq!(outcome.code, Some(4), "{dialect:?}: {outcome:?}");
    }
    backend
        .until(|record| record.resets.len() == record.calls.len())
        .await;
}
