//! The rules of a schema, held against what clients send, over real sockets and in every dialect.

use std::path::Path;

use base64_simd::STANDARD_NO_PAD;
use bytes::Bytes;
use http::Method;
use prost::Message as _;
use serde_json::{Value, json};
use tonic::{Code, Request};
use transom::config::{self, Flags};
use transom::demo::pb::demo::echo::v1 as echo;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::gateway::{self, Gateway};

use crate::support::calls::conversation::{Conversation, Way};
use crate::support::calls::{Ask, Dialect, Native, Replies, call};
use crate::support::scripted::{Script, Scripted, framed};
use crate::support::{Answer, Backend, Version, send};

/// A part of the demo's schema, with rules that the messages of [`Way`] break.
const RULED: &str = r#"
syntax = "proto3";
package demo.echo.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
service EchoService {
  rpc Echo(Order) returns (Order) {
    option (google.api.http) = {post: "/v1/echo" body: "*" additional_bindings {post: "/v2/echo" body: "*"}};
  }
  rpc Get(GetRequest) returns (Small) { option (google.api.http) = {get: "/v1/echo/{id}"}; }
  rpc Stream(StreamRequest) returns (stream Item) { option (google.api.http) = {get: "/v1/echo:stream"}; }
  rpc Collect(stream Item) returns (Collected) {
    option (google.api.http) = {post: "/v1/echo:collect" body: "*"};
  }
  rpc Converse(stream Item) returns (stream Item) {
    option (google.api.http) = {post: "/v1/echo:converse" body: "*"};
  }
}
message Order {
  option (buf.validate.message).cel = {
    id: "customer.of_order", message: "an order of a customer has a number", expression:
    "this.customer == 0 || this.id != ''"
  };
  string id = 1 [(buf.validate.field).string.pattern = "^(o-.*)?$"];
  int64 customer = 2 [(buf.validate.field).int64.gte = 0];
}
message GetRequest { int64 id = 1; }
message Small { int64 id = 1; }
message StreamRequest { int32 count = 1 [(buf.validate.field).int32.gt = 0]; }
message Item {
  int64 index = 1;
  string text = 2 [(buf.validate.field).string.min_len = 2];
}
message Collected { int64 count = 1; int64 size = 2; }
"#;

const ON: &str = "validation: { requests: true }\n";

/// A configuration before a backend, with this schema.
fn config(name: &str, backend: &str, schema: &str, keys: &str) -> gateway::Config {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("validation-{name}"));
    std::fs::create_dir_all(folder.join("protos")).unwrap();
    std::fs::write(folder.join("protos/echo.proto"), schema).unwrap();
    let file = folder.join("transom.yaml");
    let text = format!(
        "listen: 127.0.0.1:0\nworkers: 1\nupstreams: {{ backend: {{ url: '{backend}' }} }}\n\
         schema: [{{ protos: protos }}]\n{keys}"
    );
    std::fs::write(&file, text).unwrap();
    let settings = config::load(Some(&file), &Flags::default()).unwrap();
    settings.gateway
}

async fn started(name: &str, backend: &str, keys: &str) -> Gateway {
    let config = config(name, backend, RULED, keys);
    Gateway::start(config, |_| {}).await.unwrap()
}

async fn post(gateway: &Gateway, path: &str, body: &'static str) -> Answer {
    let headers = [("content-type", "application/json")];
    let address = gateway.address();
    send(address, Version::Http1, Method::POST, path, &headers, body).await
}

#[tokio::test]
async fn a_message_that_breaks_a_rule_ends_the_call_whatever_the_client_speaks() {
    let backend = Backend::start().await;
    let gateway = started("ways", &backend.url, ON).await;
    let mut wrong = Vec::new();
    for way in Way::all() {
        let conversation = Conversation::begin(gateway.address(), way, &[]).await;
        let ending = conversation.end().await;
        let outcome = &ending.outcome;
        let told = ["google.rpc.BadRequest"];
        if outcome.code != Some(3) || outcome.details != told || !outcome.replies.is_empty() {
            wrong.push(format!("{way}: {ending:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_keeps_the_rules_passes_and_without_the_option_everything_does() {
    let backend = Backend::start().await;
    let on = started("on", &backend.url, ON).await;
    let off = started("off", &backend.url, "").await;
    for dialect in Dialect::ALL {
        for (gateway, ask, code) in [
            (&on, Ask::echo("o-1"), 0),
            (&on, Ask::echo("a"), 3),
            (&on, Ask::get(7), 0),
            (&off, Ask::echo("a"), 0),
        ] {
            let outcome = call(gateway.address(), dialect, &ask).await;
            assert_eq!(
                outcome.code,
                Some(code),
                "{dialect:?} {}: {outcome:?}",
                ask.json
            );
        }
    }
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
    #[prost(string, tag = "3")]
    reason: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

#[tokio::test]
async fn each_field_is_told_with_the_rule_that_it_breaks() {
    let backend = Backend::start().await;
    let gateway = started("fields", &backend.url, ON).await;
    let violations = json!([
        {"field": "id", "description": "does not match regex pattern `^(o-.*)?$`", "reason": "string.pattern"},
        {"field": "customer", "description": "must be greater than or equal to 0", "reason": "int64.gte"},
    ]);
    let body = r#"{"id": "a", "customer": -1}"#;

    let rest = post(&gateway, "/v1/echo", body).await;
    assert_eq!(rest.status, 400, "{}", rest.text());
    assert_eq!(rest.json()["code"], 3);
    let detail = &rest.json()["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.BadRequest");
    assert_eq!(detail["fieldViolations"], violations, "{}", rest.text());

    let connect = post(&gateway, "/demo.echo.v1.EchoService/Echo", body).await;
    assert_eq!(connect.status, 400);
    let error = connect.json();
    assert_eq!(error["code"], "invalid_argument");
    let detail = &error["details"][0];
    assert_eq!(detail["type"], "google.rpc.BadRequest");
    assert_eq!(detail["debug"]["fieldViolations"], violations, "{error}");
    let value = detail["value"].as_str().unwrap();
    let value = STANDARD_NO_PAD.decode_to_vec(value).unwrap();
    check(&BadRequest::decode(&*value).unwrap(), &violations);

    let url = format!("http://{}", gateway.address());
    let mut client = EchoServiceClient::connect(url).await.unwrap();
    let order = echo::Order {
        id: "a".to_owned(),
        customer: -1,
        ..echo::Order::default()
    };
    let status = client.echo(Request::new(order)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = RpcStatus::decode(status.details()).unwrap().details;
    check(
        &BadRequest::decode(&*details[0].value).unwrap(),
        &violations,
    );

    let whole = post(&gateway, "/v1/echo", r#"{"customer": 1}"#).await;
    let violation = &whole.json()["details"][0]["fieldViolations"][0];
    assert_eq!(
        (&violation["reason"], &violation["description"]),
        (
            &json!("customer.of_order"),
            &json!("an order of a customer has a number")
        ),
        "{}",
        whole.text()
    );
}

fn check(found: &BadRequest, expected: &Value) {
    let found: Vec<_> = found
        .violations
        .iter()
        .map(
            |one| json!({"field": one.field, "description": one.description, "reason": one.reason}),
        )
        .collect();
    assert_eq!(&Value::Array(found), expected);
}

#[tokio::test]
async fn nothing_reaches_the_backend_of_a_call_with_one_message_that_breaks_a_rule() {
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = started("one", &backend.url(), ON).await;
    for dialect in Dialect::ALL {
        for ask in [Ask::echo("a"), Ask::stream()] {
            let outcome = call(gateway.address(), dialect, &ask).await;
            assert_eq!(outcome.code, Some(3), "{dialect:?}: {outcome:?}");
        }
    }
    assert!(backend.record().calls.is_empty());
}

#[tokio::test]
async fn the_backends_stream_is_cancelled_by_the_message_that_breaks_a_rule() {
    let backend = Scripted::start(|_| Script::new().read()).await;
    let gateway = started("cancelled", &backend.url(), ON).await;
    let ask = Ask {
        rpc: "/demo.echo.v1.EchoService/Collect",
        replies: Replies::One,
        ..Ask::stream()
    };
    let native = Native::connect(gateway.address()).await;
    let (say, open) = native.upload(&ask).await;
    let good = framed(b"\x12\x02ab");
    say.send(Ok(good.clone())).unwrap();
    let open = tokio::spawn(open);
    backend
        .until(|record| record.calls.iter().any(|call| call.messages.len() == 1))
        .await;
    say.send(Ok(framed(b"\x12\x01a"))).unwrap();
    say.send(Ok(good)).unwrap();
    let mut open = open.await.unwrap();
    while open.next().await.is_some() {}
    let outcome = open.end();
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.message.starts_with("text: "), "{outcome:?}");
    backend.until(|record| !record.resets.is_empty()).await;
    let sent = backend.record().calls[0].messages.clone();
    assert_eq!(sent, [&b"\x12\x02ab"[..]], "nothing follows");
}

#[tokio::test]
async fn a_compressed_message_is_opened_to_be_checked_and_sent_as_it_came() {
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = started("packed", &backend.url(), ON).await;
    let packed = |payload: &[u8]| {
        use std::io::Write as _;
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(payload).unwrap();
        let mut frame = framed(&out.finish().unwrap()).to_vec();
        frame[0] = 1;
        Bytes::from(frame)
    };
    let send = async |payload: &[u8]| {
        let headers = [
            ("content-type", "application/grpc-web+proto"),
            ("grpc-encoding", "gzip"),
        ];
        let address = gateway.address();
        let rpc = "/demo.echo.v1.EchoService/Echo";
        let body = packed(payload);
        let answer = send(address, Version::Http1, Method::POST, rpc, &headers, body).await;
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    let refused = send(b"\x0a\x01a").await;
    assert!(refused.contains("grpc-status:3"), "{refused}");
    assert!(backend.record().calls.is_empty());
    let passed = send(b"\x0a\x03o-1").await;
    assert!(passed.contains("grpc-status:0"), "{passed}");
}

#[tokio::test]
async fn a_route_chooses_for_itself() {
    let backend = Backend::start().await;
    let keys = "routes: [{ path: /v2/echo, validation: { requests: true } }]\n";
    let gateway = started("route", &backend.url, keys).await;
    let body = r#"{"id": "a"}"#;
    assert_eq!(post(&gateway, "/v1/echo", body).await.status, 200);
    assert_eq!(post(&gateway, "/v2/echo", body).await.status, 400);
}

#[tokio::test]
async fn a_method_with_a_rule_that_cannot_be_used_is_not_served_and_everything_else_is() {
    const REASON: &str = "/demo.echo.v1.EchoService/Get: rule string of demo.echo.v1.GetRequest.id: \
                          the value is not of this type";
    let backend = Backend::start().await;
    let broken = RULED.replace(
        "message GetRequest { int64 id = 1; }",
        "message GetRequest { int64 id = 1 [(buf.validate.field).string.min_len = 1]; }",
    );
    let on = config("broken", &backend.url, &broken, ON);
    let gateway = Gateway::start(on, |_| {}).await.unwrap();
    for dialect in Dialect::ALL {
        let outcome = call(gateway.address(), dialect, &Ask::get(7)).await;
        assert!(
            !outcome.is_ok() && outcome.replies.is_empty(),
            "{dialect:?}"
        );
        let outcome = call(gateway.address(), dialect, &Ask::echo("o-1")).await;
        assert!(outcome.is_ok(), "{dialect:?}");
    }
    let refusals = gateway.schema().refusals().to_vec();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].starts_with(REASON), "{refusals:?}");

    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validation-broken/transom.yaml");
    let checked = std::process::Command::new(env!("CARGO_BIN_EXE_transom"))
        .args(["check", "--config", file.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(64), "{said}");
    assert!(said.contains(REASON), "{said}");

    // Who does not want its requests checked has no use for its rules.
    let off = config("broken", &backend.url, &broken, "");
    gateway.reload(off).await.unwrap();
    assert!(
        call(gateway.address(), Dialect::Grpc, &Ask::get(7))
            .await
            .is_ok()
    );
    let on = config("broken", &backend.url, &broken, ON);
    gateway.reload(on).await.unwrap();
    let outcome = call(gateway.address(), Dialect::Grpc, &Ask::get(7)).await;
    assert_eq!(outcome.code, Some(12), "{outcome:?}");
    assert_eq!(gateway.schema().refusals(), refusals);
}
