//! `limits.buffered_total`: messages that are not whole hold no more than that, all together.

use super::{Form, PART, Part, loaded, until};
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{Script, Scripted};

#[tokio::test]
async fn who_asks_for_more_than_all_messages_may_hold_is_refused_and_nobody_else() {
    let backend = Scripted::start(|seen| {
        let is_get = seen.path.ends_with("/Get");
        Script::ok(if is_get { &[0; 100_000] } else { b"" })
    })
    .await;
    let gateway = loaded(&backend.url(), "limits: { buffered_total: 128KiB }\n").await;
    let address = gateway.address();
    let mut held = Vec::new();
    for form in [Form::Rest, Form::GrpcWeb] {
        held.push(Part::of(address, form, PART).await);
    }
    until(&gateway, "gateway_buffered_bytes 131072.0").await;
    for form in Form::ALL {
        let mut refused = Part::of(address, form, PART).await;
        refused.ends_with(8, "RESOURCE_EXHAUSTED").await;
    }
    // An answer holds as much as a request does.
    let mut answered = Part::of(address, Form::Rest, 0).await;
    let outcome = call(address, Dialect::Rest, &Ask::get(7)).await;
    assert_eq!(outcome.code, Some(8), "{outcome:?}");
    let metrics = until(&gateway, "gateway_buffered_max_bytes 131072.0").await;
    let refused = "gateway_buffers_refused_total{reason=\"buffered_total\"} 5";
    assert!(metrics.contains(refused), "{metrics}");

    // What has its place keeps it, and gives it back.
    for part in &mut held {
        part.complete().await;
    }
    until(&gateway, "gateway_buffered_bytes 0.0").await;
    answered.complete().await;
    answered.stream.readable().await.unwrap();
    let mut status = [0; 15];
    answered.stream.try_read(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}
