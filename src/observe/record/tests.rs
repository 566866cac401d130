//! Records: one line a call, whatever its end, and never more than a line.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use super::*;
use crate::call::gate::{Passed, Refused};
use crate::call::trace::Format;
use crate::call::{Cause, Message, Peer, Transport};
use crate::identity::Salt;
use crate::identity::{Principal, principal};
use crate::observe::access_log::{AccessLog, Entry, Rules, Sink};
use crate::observe::metrics::LegacyMetrics;
use crate::observe::tally::Weight;
use crate::observe::trace::{self, Kind, QUEUE_MAX, Tracer, Value};
use crate::observe::{Observe, Protocol};

/// Keeps lines.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<Vec<u8>>);

impl Sink for Lines {
    fn take(&self, entry: &Entry<'_>) {
        entry.write_json(&mut self.0.lock().unwrap());
    }
}

/// The lines that `run` leaves behind.
fn logged(run: impl FnOnce(&Observe)) -> Vec<serde_json::Value> {
    let sink = Arc::new(Lines::default());
    let log = AccessLog {
        sink: Arc::clone(&sink) as Arc<dyn Sink>,
        rules: Rules::default(),
        salt: Salt::default(),
    };
    run(&Observe::new(Some(log), LegacyMetrics::Off, None));
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn request() -> request::Parts {
    let mut request = http::Request::post("/v1/shelves?token=secret")
        .header("user-agent", "a\"b\\c")
        .header("authorization", "Bearer secret")
        .body(())
        .unwrap();
    let address = "127.0.0.1:5000".parse().unwrap();
    let transport = Transport::Plaintext;
    let secured = None;
    request.extensions_mut().insert(Peer {
        address,
        transport,
        secured,
    });
    request.into_parts().0
}

#[test]
fn a_call_is_one_line_without_secrets() {
    let lines = logged(|observe| {
        let mut record = observe.begin(&request(), None);
        record.protocol(Protocol::Rest);
        record.template("/v1/{name=shelves/*}");
        record.request(3);
        record.reply(4);
        record.reply(5);
        record.head(StatusCode::OK);
        record.finish(&Status::upstream(Code::NotFound, "x".repeat(1000)));
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(!line.to_string().contains("secret"), "{line}");
    let fields = line;
    assert_eq!(fields["protocol"], "rest");
    assert_eq!(fields["path_template"], "/v1/{name=shelves/*}");
    assert_eq!(fields["http_status"], 200);
    assert_eq!(fields["grpc_status"], "NOT_FOUND");
    assert_eq!(fields["grpc_message"].as_str().unwrap().len(), 256);
    assert_eq!(fields["origin"], "upstream");
    assert_eq!(fields["req_bytes"], 3);
    assert_eq!(fields["resp_msgs"], 2);
    assert_eq!(fields["resp_bytes"], 9);
    assert_eq!(fields["peer_ip"], "127.0.0.1");
    assert_eq!(fields["user_agent"], "a\"b\\c");
    assert!(fields.get("grpc_method").is_none());
}

fn ada() -> Arc<Principal> {
    Arc::new(Principal {
        kind: principal::Kind::Token,
        issuer: "https://id.example".into(),
        subject: Some("ada@example.com".into()),
        audience: Vec::new(),
        scopes: principal::Scopes::default(),
        claims: serde_json::Map::new(),
        expires_at: None,
    })
}

#[test]
fn a_line_tells_why_and_who_by_a_pseudonym() {
    let lines = logged(|observe| {
        let status = Status::gateway(Code::PermissionDenied, "no").because(Cause::AccessDenied);
        let refused = Refused {
            principal: Some(ada()),
            rule: Some("admins".into()),
            ..Refused::new("access", status)
        };
        let mut record = observe.begin(&request(), None);
        record.refused(&refused);
        record.finish_with(StatusCode::FORBIDDEN, &refused.status);

        let mut record = observe.begin(&request(), None);
        record.passed(&Passed {
            principal: Some(ada()),
            would_refuse: Some(Box::new(refused)),
            ..Passed::default()
        });
        record.reply(2);
        record.head(StatusCode::OK);
        record.finish(&Status::upstream(Code::Internal, ""));

        let mut record = observe.begin(&request(), None);
        record.passed(&Passed {
            fault: Some(("ext_authz", "timeout")),
            ..Passed::default()
        });
        record.finish_with(StatusCode::OK, &Status::ok());
    });
    let shown = lines.iter().map(|line| {
        let of = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let keys = [
            "response_code_details",
            "response_flags",
            "policy_step",
            "policy_rule",
        ];
        keys.map(of)
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ["access_denied", "", "access", "admins"],
            [
                "upstream_status",
                "after_head,would_refuse",
                "access",
                "admins"
            ],
            ["", "unanswered", "ext_authz", "timeout"],
        ]
    );
    let who = |at: usize| lines[at]["principal"].as_str();
    assert_eq!(who(0).map(str::len), Some(16));
    assert_eq!((who(0), who(2)), (who(1), None));
    assert!(!format!("{lines:?}").contains("ada"), "{lines:?}");
}

#[test]
fn a_message_has_a_size_to_the_client_and_one_in_protobuf() {
    let lines = logged(|observe| {
        let record = observe.begin(&request(), None);
        record.request(10);
        record.transcoded(Direction::Request, 10, 25, Duration::ZERO);
        record.reply(&Message::from_payload(&[0; 300]));
        record.reply(7);
        record.transcoded(Direction::Response, 7, 2, Duration::ZERO);
        record.finish_with(StatusCode::OK, &Status::ok());
    });
    for (key, bytes) in [
        ("req_bytes", 25),
        ("req_decoded_bytes", 10),
        ("req_high_water_bytes", 10),
        ("resp_bytes", 302),
        ("resp_decoded_bytes", 307),
        ("resp_high_water_bytes", 300),
    ] {
        assert_eq!(lines[0][key], bytes, "{key}");
    }
}

#[test]
fn a_record_that_is_dropped_is_a_client_that_left() {
    let lines = logged(|observe| {
        let mut record = observe.begin(&request(), None);
        record.head(StatusCode::OK);
        record.shared_requests().count(7);
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(line["http_status"], 499);
    assert_eq!(line["grpc_status"], "CANCELLED");
    assert_eq!(line["response_code_details"], "client_gone");
    assert_eq!(line["req_bytes"], 7);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_lasts_is_told_of_once_while_it_does() {
    let sink = Arc::new(Lines::default());
    let log = AccessLog {
        sink: Arc::clone(&sink) as Arc<dyn Sink>,
        rules: Rules::default(),
        salt: Salt::default(),
    };
    let observe = Observe::new(Some(log), LegacyMetrics::Off, None);
    let mut record = observe.begin(&request(), None);
    record.method(&method(Shape::Bidi));
    record.head(StatusCode::OK);
    let lines = || {
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut polled = async |seconds| {
        tokio::time::timeout(
            Duration::from_secs(seconds),
            std::future::poll_fn(|cx| {
                record.poll_long(cx);
                Poll::<()>::Pending
            }),
        )
        .await
    };
    assert!(polled(59).await.is_err());
    assert!(lines().is_empty());
    assert!(polled(10).await.is_err());
    assert!(polled(100).await.is_err());
    let [line] = &lines()[..] else {
        panic!("{:?}", lines())
    };
    assert!(line.contains("\"event\":\"started\"") && line.contains("\"http_status\":200"));
    assert!(!line.contains("grpc_status"), "{line}");
    record.finish(&Status::ok());
    assert!(lines()[1].contains("\"grpc_status\":\"OK\""));
    assert!(!lines()[1].contains("event"));
}

#[test]
fn where_the_queue_of_traces_is_full_calls_are_left_out_and_counted() {
    let config = trace::Config {
        sampling: trace::Sampling::Always,
        inbound: trace::Inbound::Linked,
        formats: Arc::new([Format::W3c]),
        baggage: Vec::new(),
        failures: trace::Failures::Told,
        messages: trace::Messages::Told,
    };
    let (tracer, mut calls) = Tracer::new(config);
    let tracer = Arc::new(tracer);
    let observe = Observe::new(None, LegacyMetrics::Off, Some(Arc::clone(&tracer)));
    for _ in 0..QUEUE_MAX + 10 {
        let mut record = observe.begin(&request(), None);
        record.protocol(Protocol::Grpc);
        record.method(&method(Shape::Unary));
        record.request(5);
        let packed = Weight {
            bytes: 3,
            is_packed: true,
        };
        record.request(packed);
        record.reply(packed);
        let trail = record.trail().unwrap();
        trail.came(&"u".into());
        let step = trail.goes(&"127.0.0.1:5".into(), 0);
        step.ended(Code::Ok);
        record.finish_with(StatusCode::OK, &Status::upstream(Code::NotFound, "no"));
    }
    assert_eq!(tracer.counts(), (0, 10));
    let spans = calls.try_recv().unwrap().spans();
    let shown = spans
        .iter()
        .map(|span| (&*span.name, span.kind, span.error.as_deref()));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ("a.B/C", Kind::Server, None),
            ("a.B/C", Kind::Client, Some("no")),
            ("Attempt.a.B.C", Kind::Internal, None),
        ],
        "of a server NOT_FOUND is no error"
    );
    let event = |number, size, bytes| {
        let (number, bytes) = (Value::Number(number), Value::Number(bytes));
        vec![("sequence-number", number), (size, bytes)]
    };
    let events = spans[0].events.iter();
    assert_eq!(
        events
            .map(|event| (event.name, event.attributes.clone()))
            .collect::<Vec<_>>(),
        [
            ("Inbound message", event(0, "message-size", 5)),
            (
                "Inbound compressed message",
                event(1, "message-size-compressed", 3)
            ),
            (
                "Outbound message compressed",
                event(0, "message-size-compressed", 3)
            ),
        ],
        "gRFC A72"
    );
    let port = ("server.port", Value::Number(5));
    assert!(spans[2].attributes.contains(&port), "{:?}", spans[2]);
}

fn method(shape: Shape) -> Arc<Method> {
    Arc::new(Method {
        id: 0,
        path: "/a.B/C".to_owned(),
        service: "a.B".to_owned(),
        name: "C".to_owned(),
        input: crate::transcode::PlanId(0),
        output: crate::transcode::PlanId(0),
        shape,
        idempotency: crate::schema::method::Idempotency::Unknown,
        deprecated: false,
        upstream: "u".into(),
        http_body_input: false,
        http_body_output: false,
        comment: String::new(),
        bindings: Vec::new(),
    })
}
