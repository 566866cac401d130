//! Access-log lines: one a call, whatever its end, and never more than a line.

#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::Mutex;

use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::call::Transport;

#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The lines that `run` logs.
fn logged(run: impl FnOnce()) -> Vec<serde_json::Value> {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(lines.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, run);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
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
    let lines = logged(|| {
        let mut record = CallRecord::begin(&request(), &RequestIds::default());
        record.protocol("rest");
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
    let fields = &line["fields"];
    assert_eq!(fields["protocol"], "rest");
    assert_eq!(fields["path_template"], "/v1/{name=shelves/*}");
    assert_eq!(fields["http_status"], 200);
    assert_eq!(fields["grpc_status"], "NOT_FOUND");
    assert_eq!(fields["grpc_message"].as_str().unwrap().len(), MESSAGE_MAX);
    assert_eq!(fields["origin"], "upstream");
    assert_eq!(fields["req_bytes"], 3);
    assert_eq!(fields["resp_msgs"], 2);
    assert_eq!(fields["resp_bytes"], 9);
    assert_eq!(fields["peer_ip"], "127.0.0.1");
    assert_eq!(fields["user_agent"], "a\"b\\c");
    assert!(fields.get("rpc_method").is_none());
}

#[test]
fn a_record_that_is_dropped_is_a_client_that_left() {
    let lines = logged(|| {
        let mut record = CallRecord::begin(&request(), &RequestIds::default());
        record.head(StatusCode::OK);
        record.shared_requests().count(7);
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(line["fields"]["http_status"], 499);
    assert_eq!(line["fields"]["grpc_status"], "CANCELLED");
    assert_eq!(line["fields"]["req_bytes"], 7);
}

#[test]
fn request_ids_differ_and_are_harmless() {
    let ids = RequestIds::default();
    let (one, two) = (ids.next(), ids.next());
    assert_ne!(one, two);
    assert!(is_harmless(&one) && one.len() == 32);
    for (text, harmless) in [
        ("a.b-c_9", true),
        ("", false),
        ("a b", false),
        ("a\"", false),
    ] {
        assert_eq!(
            is_harmless(&HeaderValue::from_static(text)),
            harmless,
            "{text:?}"
        );
    }
}
