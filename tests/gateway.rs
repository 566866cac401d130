//! The whole road by real sockets: the demo backend behind, every dialect in front.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tonic::{Code, Request};
use transom::demo::pb::demo::echo::v1 as echo;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::gateway::{Config, Gateway, SourceConfig};

use crate::support::{Backend, Stack, Version, send};

#[tokio::test]
async fn rest_answers_over_both_versions_of_http() {
    let stack = Stack::start().await;
    for version in [Version::Http1, Version::Http2] {
        let answer = send(stack.address(), version, Method::GET, "/v1/echo/7", &[], "").await;
        assert_eq!(answer.status, 200, "{version:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.json()["id"], "7");
        assert!(answer.trailers.is_empty(), "nobody asked for trailers");
    }
}

#[tokio::test]
async fn every_kind_of_field_survives_the_round_trip() {
    let stack = Stack::start().await;
    let kinds = json!({
        "doubleValue": 1.5, "floatValue": "-Infinity", "int32Value": -1, "int64Value": "-9007199254740993",
        "uint32Value": 4294967295u32, "uint64Value": "18446744073709551615", "sint32Value": -5,
        "sint64Value": "-6", "fixed32Value": 7, "fixed64Value": "8", "sfixed32Value": -9, "sfixed64Value": "-10",
        "boolValue": true, "stringValue": "a\"\\\n€😀", "bytesValue": "+/8=", "enumValue": "SHIPPED",
        "messageValue": {"id": "1", "half": 0.5}, "optionalValue": 0, "choiceNumber": "0",
        "numbers": [1, -2, 3], "texts": ["", "b"], "states": ["OPEN", 77], "messages": [{}, {"even": true}],
        "textMap": {"k": "v"}, "messageMap": {"-3": {"name": "n"}}, "boolMap": {"true": 0.25},
        "timestamp": "1969-12-31T23:59:59.999999999Z", "duration": "-3.500s", "mask": "a.bC,d",
        "struct": {"deep": [null, {"x": 1.25}]}, "value": null, "list": [true, "x"],
        "any": {"@type": "type.googleapis.com/demo.echo.v1.Small", "name": "inner"},
        "wrappedInt64": "0", "wrappedString": "", "wrappedBool": false, "wrappedBytes": "AA==",
        "nested": {"stringValue": "in"}, "otherName": "renamed",
    });
    let answer = stack.post("/v1/echo:kinds", &kinds.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), kinds);
}

#[tokio::test]
async fn an_unannotated_call_works_with_json_on_the_rpcs_own_path() {
    let stack = Stack::start().await;
    let answer = stack
        .post("/demo.echo.v1.EchoService/Get", r#"{"id": 9}"#)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["id"].as_str()),
        (200, Some("9"))
    );
    let answer = stack
        .post(
            "/demo.echo.v1.EchoService/Fail",
            r#"{"code": 5, "message": "gone"}"#,
        )
        .await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["code"], "not_found"); // Connect's error body
    assert_eq!(answer.json()["message"], "gone");
}

#[tokio::test]
async fn an_error_keeps_its_details_as_json() {
    let stack = Stack::start().await;
    let answer = stack
        .post(
            "/v1/echo:fail",
            r#"{"code": 8, "message": "né", "standardDetails": true}"#,
        )
        .await;
    assert_eq!(answer.status, 429);
    let body = answer.json();
    assert_eq!((&body["code"], &body["message"]), (&json!(8), &json!("né")));
    let types: Vec<_> = body["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["@type"].as_str().unwrap())
        .collect();
    assert!(
        types.contains(&"type.googleapis.com/google.rpc.RetryInfo"),
        "{types:?}"
    );
    assert!(
        types.contains(&"type.googleapis.com/google.rpc.BadRequest"),
        "{types:?}"
    );
}

#[tokio::test]
async fn a_server_stream_is_a_line_of_json_each_and_its_error_the_last_line() {
    let stack = Stack::start().await;
    let answer = stack.get("/v1/echo:stream?count=1000").await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(answer.lines().len(), 1000);

    let answer = stack
        .get("/v1/echo:stream?count=3&failCode=15&failMessage=torn")
        .await;
    assert_eq!(answer.status, 200);
    let lines = answer.lines();
    let last = &lines.last().unwrap()["error"];
    assert_eq!(
        (&last["code"], &last["message"]),
        (&json!(15), &json!("torn"))
    );
    assert!(lines.len() > 1, "messages came before the error: {lines:?}");

    let answer = stack.get("/v1/echo:stream?count=0&failCode=5").await;
    assert_eq!(
        answer.status, 404,
        "an error before the first message is a plain answer"
    );
}

#[tokio::test]
async fn a_deadline_is_the_gateways_own() {
    let stack = Stack::start().await;
    let path = "/v1/echo:slow?delay=60s";
    let answer = stack
        .send(Method::GET, path, &[("x-request-timeout", "0.05")], "")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["code"].clone()),
        (504, json!(4))
    );
    let answer = stack
        .send(Method::GET, path, &[("grpc-timeout", "soon")], "")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["code"].clone()),
        (400, json!(3))
    );
}

#[tokio::test]
async fn native_grpc_has_all_four_shapes() {
    let stack = Stack::start().await;
    let mut client = EchoServiceClient::connect(format!("http://{}", stack.address()))
        .await
        .unwrap();
    let small = client
        .get(echo::GetRequest { id: 5 })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(small.id, 5);

    let items = (0..300).map(|index| echo::Item {
        index,
        text: "x".repeat(100),
    });
    let collected = client
        .collect(tokio_stream::iter(items.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(collected.count, 300);

    let request = echo::StreamRequest {
        count: 500,
        ..Default::default()
    };
    let mut stream = client.stream(request).await.unwrap().into_inner();
    let mut count = 0;
    while stream.message().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 500);

    let mut echoes = client
        .converse(tokio_stream::iter(items))
        .await
        .unwrap()
        .into_inner();
    let mut indices = Vec::new();
    while let Some(item) = echoes.message().await.unwrap() {
        indices.push(item.index);
    }
    assert_eq!(indices, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn native_grpc_keeps_statuses_details_metadata_and_deadlines() {
    let stack = Stack::start().await;
    let mut client = EchoServiceClient::connect(format!("http://{}", stack.address()))
        .await
        .unwrap();
    let request = echo::FailRequest {
        code: 9,
        message: "line\nbreak – ü".into(),
        standard_details: true,
        ..Default::default()
    };
    let status = client.fail(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, "line\nbreak – ü")
    );
    assert!(!status.details().is_empty());

    let mut request = Request::new(echo::MetadataRequest::default());
    request
        .metadata_mut()
        .insert("x-mine", "1".parse().unwrap());
    request.metadata_mut().insert_bin(
        "x-raw-bin",
        tonic::metadata::BinaryMetadataValue::from_bytes(b"\0\xff"),
    );
    request
        .metadata_mut()
        .insert("x-forwarded-for", "6.6.6.6".parse().unwrap());
    let seen = client
        .metadata(request)
        .await
        .unwrap()
        .into_inner()
        .metadata;
    assert_eq!(seen["x-mine"].values, ["1"]);
    assert!(seen.contains_key("x-raw-bin"));
    assert!(
        !seen
            .get("x-forwarded-for")
            .is_some_and(|v| v.values.iter().any(|v| v.contains("6.6.6.6")))
    );

    let mut request = Request::new(echo::SlowRequest { delay: None, id: 1 });
    request.set_timeout(Duration::from_nanos(1));
    let status = client.slow(request).await.unwrap_err();
    assert!(
        matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
        "{status:?}"
    );

    let mut grpc = tonic::client::Grpc::new(
        tonic::transport::Endpoint::new(format!("http://{}", stack.address()))
            .unwrap()
            .connect()
            .await
            .unwrap(),
    );
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/demo.echo.v1.EchoService/Nothing");
    let codec = tonic_prost::ProstCodec::<echo::GetRequest, echo::Small>::default();
    let status = grpc
        .unary(Request::new(echo::GetRequest { id: 1 }), path, codec)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn grpc_web_frames_end_with_their_trailers() {
    let stack = Stack::start().await;
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
    ];
    let frame: &[u8] = b"\0\0\0\0\x02\x08\x07";
    let answer = stack
        .send(
            Method::POST,
            "/demo.echo.v1.EchoService/Get",
            &headers,
            frame,
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/grpc-web+proto")
    );
    assert_eq!(answer.body[0], 0);
    assert!(
        answer.body.windows(13).any(|w| w == b"grpc-status:0"),
        "{:?}",
        answer.body
    );

    let answer = stack
        .send(
            Method::POST,
            "/demo.echo.v1.EchoService/Nothing",
            &headers,
            frame,
        )
        .await;
    assert_eq!((answer.status.as_u16(), answer.body[0]), (200, 0x80));
    assert!(
        answer.body.windows(14).any(|w| w == b"grpc-status:12"),
        "{:?}",
        answer.body
    );
}

#[tokio::test]
async fn a_schema_from_files_is_served_while_the_backend_is_down() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let mut config = Config::for_upstream(&format!("http://{address}")).unwrap();
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/proto").into();
    config.schema = vec![SourceConfig::Protos {
        dir,
        upstream: "upstream".into(),
    }];
    let gateway = Gateway::start(config, |_| {}).await.unwrap();
    let answer = send(
        gateway.address(),
        Version::Http1,
        Method::GET,
        "/v1/echo/7",
        &[],
        "",
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["code"].clone()),
        (503, json!(14))
    );
    assert!(
        !answer.text().contains(&address.to_string()),
        "addresses stay inside: {}",
        answer.text()
    );
}

#[tokio::test]
async fn a_backend_that_comes_later_is_waited_for() {
    let place = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let config = Config::for_upstream(&format!("http://{address}")).unwrap();
    let (waits, mut waiting) = tokio::sync::mpsc::unbounded_channel();
    let starting = tokio::spawn(Gateway::start(config, move |progress| {
        let _ = waits.send(format!("{progress:?}"));
    }));
    assert!(waiting.recv().await.unwrap().contains("Waiting"));
    let _backend = Backend::on(TcpListener::bind(address).await.unwrap());
    let gateway = starting.await.unwrap().unwrap();
    assert!(
        gateway
            .schema()
            .method("/demo.echo.v1.EchoService/Get")
            .is_some()
    );
}

#[tokio::test]
async fn a_drain_lets_running_calls_finish() {
    let stack = Stack::start().await;
    let address = stack.address();
    let mut client = EchoServiceClient::connect(format!("http://{address}"))
        .await
        .unwrap();
    let request = echo::StreamRequest {
        count: 3,
        interval: Some(prost_types::Duration {
            seconds: 0,
            nanos: 300_000_000,
        }),
        ..Default::default()
    };
    let mut stream = client.stream(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let Stack {
        gateway,
        backend: _backend,
    } = stack;
    let drained = tokio::spawn(gateway.drain());
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_none());
    drained.await.unwrap();
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_hundred_unread_streams_leave_their_neighbours_alone() {
    let stack = Stack::start().await;
    // A connection per reader, so that only the connection to the backend is shared.
    let mut unread = Vec::new();
    for _ in 0..100 {
        let mut client = EchoServiceClient::connect(format!("http://{}", stack.address()))
            .await
            .unwrap();
        let request = echo::StreamRequest {
            count: 1_000_000,
            size: 10,
            ..Default::default()
        };
        let mut stream = client.stream(request).await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some());
        unread.push((client, stream));
    }
    for id in 0..100 {
        assert_eq!(stack.get(&format!("/v1/echo/{id}")).await.status, 200);
    }
}

#[tokio::test]
async fn the_admin_port_tells_readiness_routes_and_health() {
    let stack = Stack::with(|config| config.admin = Some(([127, 0, 0, 1], 0).into())).await;
    let admin = stack.gateway.admin_address().unwrap();
    let get = |path| send(admin, Version::Http1, Method::GET, path, &[], "");
    assert_eq!(get("/livez").await.status, 200);
    assert_eq!(get("/readyz").await.status, 200);
    assert_eq!(get("/metrics").await.status, 200);
    assert_eq!(get("/metric").await.status, 404);
    let routes = get("/routes").await.json();
    assert!(
        routes["routes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|route| route["path"] == "/v1/echo/{id}" && route["rest"] == true),
        "{routes}"
    );
    assert!(
        routes["routes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|route| route["path"] == "/v1/echo:collect"
                && route["shape"] == "client stream"
                && route["rest"] == true),
        "{routes}"
    );

    let channel = tonic::transport::Endpoint::new(format!("http://{admin}"))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let request = tonic_health::pb::HealthCheckRequest {
        service: String::new(),
    };
    let status = health.check(request).await.unwrap().into_inner().status();
    assert_eq!(
        status,
        tonic_health::pb::health_check_response::ServingStatus::Serving
    );
    assert_eq!(
        stack.get("/readyz").await.status,
        404,
        "never on the public port"
    );
}

#[tokio::test]
async fn a_health_watch_does_not_hold_up_a_drain() {
    let stack = Stack::with(|config| config.admin = Some(([127, 0, 0, 1], 0).into())).await;
    let admin = stack.gateway.admin_address().unwrap();
    let channel = tonic::transport::Endpoint::new(format!("http://{admin}"))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let request = tonic_health::pb::HealthCheckRequest::default();
    let mut watch = health.watch(request).await.unwrap().into_inner();
    let mut next = async || watch.message().await.unwrap().unwrap().status();
    assert_eq!(next().await.as_str_name(), "SERVING");
    let drained = tokio::spawn(stack.gateway.drain());
    assert_eq!(next().await.as_str_name(), "NOT_SERVING");
    // Far less than the grace period of calls.
    tokio::time::timeout(Duration::from_secs(10), drained)
        .await
        .unwrap()
        .unwrap();
}
