//! Several upstreams of one gateway.

use std::path::Path;

use crate::support::calls::{Ask, Dialect, Replies, call};
use crate::support::scripted::{Script, Scripted};
use crate::support::{Backend, configured};

#[tokio::test]
async fn each_service_is_served_by_the_upstream_of_its_schema() {
    let demo = Backend::start().await;
    let other = Scripted::start(|_| Script::ok(b"\x08\x2a")).await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("several");
    std::fs::create_dir_all(&folder).unwrap();
    let proto = "syntax = \"proto3\"; package other.v1;
        service OtherService { rpc Ask(Number) returns (Number); }
        message Number { int64 value = 1; }";
    std::fs::write(folder.join("other.proto"), proto).unwrap();
    let gateway = configured(&format!(
        "
upstreams:
  demo: {{ url: '{}' }}
  other: {{ url: '{}' }}
schema:
  - {{ protos: '{}', upstream: demo }}
  - {{ protos: '{}', upstream: other }}
",
        demo.url,
        other.url(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/proto"),
        folder.display()
    ))
    .await;
    let asked = Ask {
        rpc: "/other.v1.OtherService/Ask",
        replies: Replies::One,
        path: "/other.v1.OtherService/Ask".to_owned(),
        json: "{}".to_owned(),
        ..Ask::echo("")
    };
    for dialect in Dialect::ALL {
        let outcome = call(gateway.address(), dialect, &Ask::get(7)).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        let outcome = call(gateway.address(), dialect, &asked).await;
        let expected: &[u8] = match dialect {
            Dialect::Rest => b"{\"value\":\"42\"}",
            Dialect::Grpc | Dialect::GrpcWeb | Dialect::Connect => b"\x08\x2a",
        };
        assert_eq!(outcome.replies, [expected], "{dialect:?}: {outcome:?}");
    }
    assert_eq!(other.record().calls.len(), Dialect::ALL.len());
}
