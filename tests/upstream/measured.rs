//! What `/metrics` says of calls that were made.

use http::Method;

use crate::support::calls::{Ask, Native};
use crate::support::scripted::{Script, Scripted, in_turn};
use crate::support::{Version, configured, send};

/// The metrics of a gateway, as Prometheus reads them.
async fn scrape(gateway: &transom::gateway::Gateway) -> String {
    let admin = gateway.admin_address().unwrap();
    let answer = send(admin, Version::Http1, Method::GET, "/metrics", &[], "").await;
    answer.text().to_owned()
}

#[tokio::test]
async fn calls_are_measured_by_method_upstream_and_status() {
    let answers = vec![Script::fail(14, "no"), Script::ok(b"\x08\x07")];
    let backend = Scripted::start(in_turn(answers)).await;
    let gateway = configured(&format!(
        "workers: 1\nadmin: {{ listen: 127.0.0.1:0 }}\nupstreams: {{ backend: {{ url: {} }} }}\n\
         schema: [{{ protos: '{}/proto' }}]\n",
        backend.url(),
        env!("CARGO_MANIFEST_DIR"),
    ))
    .await;
    let client = Native::connect(gateway.address()).await;
    assert!(client.call(&Ask::get(7)).await.is_ok());

    let text = scrape(&gateway).await;
    let method = "grpc_method=\"demo.echo.v1.EchoService/Get\",grpc_target=\"backend\"";
    let ok = format!("{{{method},grpc_status=\"OK\"");
    let ill = format!("{{{method},grpc_status=\"UNAVAILABLE\"");
    let method = format!("{{{method}");
    for (name, labels, value) in [
        (
            "grpc_client_attempt_started_total",
            format!("{method}}}"),
            "2",
        ),
        (
            "grpc_client_attempt_duration_seconds_count",
            format!("{ok}}}"),
            "1",
        ),
        (
            "grpc_client_attempt_duration_seconds_count",
            format!("{ill}}}"),
            "1",
        ),
        (
            "grpc_client_attempt_rcvd_total_compressed_message_size_bytes_sum",
            format!("{ok}}}"),
            "2.0",
        ),
        (
            "grpc_client_attempt_sent_total_compressed_message_size_bytes_bucket",
            format!("{{le=\"1024.0\",{}", &ok[1..]) + "}",
            "1",
        ),
        (
            "grpc_client_call_duration_seconds_count",
            format!("{ok}}}"),
            "1",
        ),
        (
            "grpc_client_call_duration_seconds_bucket",
            format!("{{le=\"+Inf\",{}", &ok[1..]) + "}",
            "1",
        ),
        ("grpc_client_call_retries_sum", format!("{method}}}"), "1.0"),
        (
            "grpc_client_call_retry_delay_seconds_count",
            format!("{method}}}"),
            "1",
        ),
    ] {
        let line = format!("{name}{labels} {value}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
    let absent = [
        "grpc_client_call_hedges",
        "grpc_client_call_transparent_retries",
        "EchoService/Echo\"",
    ];
    for absent in absent {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
}
