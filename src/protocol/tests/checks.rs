//! Rules of a schema, in front of a service: what passes, what does not, and what nobody can say.

use super::*;

const RULED: &str = r#"
syntax = "proto3";
package t;
import "buf/validate/validate.proto";
service T {
  rpc Unary(Shelf) returns (Shelf);
  rpc Free(Plain) returns (Plain);
  rpc Odd(Odd) returns (Plain);
  rpc Client(stream Shelf) returns (Shelf);
}
message Plain { string name = 1; }
message Shelf {
  string name = 1 [(buf.validate.field).string.min_len = 2];
  int64 size = 2 [(buf.validate.field).cel = {
    id: "odd", message: "is odd", expression: "10 / this > 1"
  }];
}
message Odd { int64 size = 1 [(buf.validate.field).string.min_len = 2]; }
"#;

fn ruled() -> Arc<Schema> {
    static SCHEMA: std::sync::OnceLock<Arc<Schema>> = std::sync::OnceLock::new();
    let source = || schema::tests::source("ruled", "default", &[("t.proto", RULED)]);
    let build = || Schema::build(vec![source()], &schema::Options::default()).unwrap();
    Arc::clone(SCHEMA.get_or_init(|| Arc::new(build())))
}

fn router(service: &Scripted, validation: Validation) -> Router<Scripted> {
    let options = Options {
        validation,
        ..Options::default()
    };
    service.router_of(ruled(), options)
}

/// The code that a call of gRPC-Web ends with, and the message of its trailers.
async fn ended(router: &Router<Scripted>, path: &str, body: Vec<u8>) -> (String, String) {
    let mut request = post(path, "application/grpc-web", body);
    let gzip = HeaderValue::from_static("gzip");
    request.headers_mut().insert("grpc-encoding", gzip);
    let body = bytes(router.handle(request).await).await;
    let text = String::from_utf8_lossy(&body).into_owned();
    let field = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        Some(rest.split("\r\n").next()?.to_owned())
    };
    (
        field("grpc-status:").unwrap(),
        field("grpc-message:").unwrap_or_default(),
    )
}

const GOOD: &[u8] = b"\x0a\x02ab\x10\x01";
const BAD: &[u8] = b"\x0a\x01a\x10\x01";

#[tokio::test]
async fn what_keeps_the_rules_passes_as_it_came() {
    let service = Scripted::new(Script::Echo);
    let router = router(&service, Validation::Requests);
    for (path, frame) in [
        ("/t.T/Unary", frame(GOOD)),
        ("/t.T/Unary", compressed(call::Coding::Gzip, GOOD)),
        ("/t.T/Free", frame(b"\x0a\x01a")),
    ] {
        assert_eq!(ended(&router, path, frame.clone()).await.0, "0", "{path}");
        let seen = service.last();
        let sent = seen.requests[0].clone().unwrap().into_frame();
        assert_eq!(sent, frame, "{path}");
    }
}

#[tokio::test]
async fn what_breaks_a_rule_does_not() {
    let service = Scripted::new(Script::Echo);
    let router = router(&service, Validation::Requests);
    for frame in [frame(BAD), compressed(call::Coding::Gzip, BAD)] {
        let (code, message) = ended(&router, "/t.T/Unary", frame).await;
        assert_eq!(code, "3");
        assert_eq!(message, "name: must be at least 2 characters");
    }
    assert_eq!(service.calls(), 0);

    let stream = [frame(GOOD), compressed(call::Coding::Gzip, BAD)].concat();
    assert_eq!(ended(&router, "/t.T/Client", stream).await.0, "3");
    let seen = service.last();
    assert!(seen.requests[0].is_ok() && seen.requests[1].is_err());
}

#[tokio::test]
async fn bytes_that_are_no_message_do_not_pass_either() {
    let service = Scripted::new(Script::Echo);
    let router = router(&service, Validation::Requests);
    let (code, _) = ended(&router, "/t.T/Unary", frame(b"\x0a\x05a")).await;
    assert_eq!(code, "3");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn what_nobody_can_judge_does_not_pass_and_is_the_gateways_failure() {
    let service = Scripted::new(Script::Echo);
    let router = router(&service, Validation::Requests);
    let (code, message) = ended(&router, "/t.T/Unary", frame(b"\x0a\x02ab")).await;
    assert_eq!(code, "13", "{message}");
    assert!(message.contains("rule odd of t.Shelf.size"), "{message}");
    let (code, message) = ended(&router, "/t.T/Odd", frame(b"\x08\x01")).await;
    assert_eq!(code, "12", "{message}");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn nothing_is_asked_of_anybody_without_the_option() {
    let service = Scripted::new(Script::Echo);
    let router = router(&service, Validation::Off);
    for path in ["/t.T/Unary", "/t.T/Odd", "/t.T/Client"] {
        assert_eq!(ended(&router, path, frame(BAD)).await.0, "0", "{path}");
    }
}

#[test]
fn methods_with_rules_that_cannot_be_used_are_named_where_they_are_checked() {
    let config = |validation| {
        Config::from(Options {
            validation,
            ..Options::default()
        })
    };
    let unusable = config(Validation::Requests).unusable(&ruled());
    let paths: Vec<_> = unusable.keys().map(String::as_str).collect();
    assert_eq!(paths, ["/t.T/Odd"]);
    assert!(config(Validation::Off).unusable(&ruled()).is_empty());
}
