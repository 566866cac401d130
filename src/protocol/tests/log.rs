//! One access-log line a call, in every dialect and however it ends.

use super::*;
use crate::identity::Salt;
use crate::observe::access_log::{AccessLog, Entry, Rules, Sink};
use crate::observe::metrics::LegacyMetrics;

/// Keeps lines.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<u8>>);

impl Sink for Lines {
    fn take(&self, entry: &Entry<'_>) {
        entry.write_json(&mut self.0.lock().unwrap());
    }
}

/// `protocol rpc_type http_status grpc_status` of every line that a request leaves behind. The body
/// is read to its end, or dropped unread.
async fn logged(service: &Scripted, request: Request<Body>, read: bool) -> Vec<String> {
    let lines = Arc::new(Lines::default());
    let log = AccessLog {
        sink: Arc::clone(&lines) as Arc<dyn Sink>,
        rules: Rules::default(),
        salt: Salt::default(),
    };
    let observe = Observe::new(Some(log), LegacyMetrics::Off, None);
    let response = service.router_seen(observe).handle(request).await;
    if read {
        let _ = response.into_body().collect().await;
    } else {
        drop(response);
    }
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| {
            let fields = &line;
            let field = |name: &str| fields[name].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {} {}",
                field("protocol"),
                field("rpc_type"),
                fields["http_status"],
                field("grpc_status")
            )
        })
        .collect()
}

fn of(verb: &str, path: &str, content_type: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = post(path, content_type, body);
    *request.method_mut() = verb.parse().unwrap();
    if content_type == "application/grpc" {
        *request.version_mut() = http::Version::HTTP_2;
    }
    request
}

#[tokio::test]
async fn every_ending_is_one_line() {
    let json = "application/json";
    let (grpc, web) = ("application/grpc", "application/grpc-web");
    let refusing = || Script::Refuse(Status::upstream(Code::NotFound, "no"));
    let rows = [
        (
            Script::Echo,
            of("GET", "/none", json, vec![]),
            "rest - 404 NOT_FOUND",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/Unary", "application/grpc+x", vec![]),
            "http - 415 INVALID_ARGUMENT",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/Unary", json, b"{}".into()),
            "connect unary 200 OK",
        ),
        (
            Script::Echo,
            of("GET", "/t.T/Unary", json, vec![]),
            "connect unary 405 UNIMPLEMENTED",
        ),
        (
            Script::Echo,
            of("OPTIONS", "/t.T/Unary", json, vec![]),
            "connect unary 204 OK",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/Unary", json, b"[".into()),
            "connect unary 400 INVALID_ARGUMENT",
        ),
        (
            refusing(),
            of("POST", "/t.T/Unary", json, vec![]),
            "connect unary 404 NOT_FOUND",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/Unary", grpc, frame(b"")),
            "grpc unary 200 OK",
        ),
        (
            refusing(),
            of("POST", "/t.T/Unary", grpc, frame(b"")),
            "grpc unary 200 NOT_FOUND",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/None", grpc, frame(b"")),
            "grpc - 200 UNIMPLEMENTED",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/Bidi", grpc, frame(b"")),
            "grpc bidi 200 OK",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/Unary", web, frame(b"")),
            "grpc_web unary 200 OK",
        ),
        (
            refusing(),
            of("POST", "/t.T/Server", web, frame(b"")),
            "grpc_web server_stream 200 NOT_FOUND",
        ),
        (
            Script::Echo,
            of("POST", "/t.T/Unary", web, frame(b"")[..3].into()),
            "grpc_web unary 200 INTERNAL",
        ),
    ];
    for (script, request, expected) in rows {
        let what = format!("{} {}", request.method(), request.uri());
        let lines = logged(&Scripted::new(script), request, true).await;
        assert_eq!(lines, [expected], "{what}");
    }
    for (content_type, expected) in [
        (grpc, "grpc server_stream 499 CANCELLED"),
        (web, "grpc_web server_stream 499 CANCELLED"),
    ] {
        let request = of("POST", "/t.T/Server", content_type, frame(b""));
        let lines = logged(&Scripted::new(Script::Stall), request, false).await;
        assert_eq!(lines, [expected], "left");
    }
}
