//! Header fields that somebody forged, in both directions and in every dialect, and pages that should not
//! be let in.

use futures_util::FutureExt as _;
use http::{HeaderMap, Method};
use prost::Message as _;
use tokio::net::TcpListener;

use crate::support::calls::{Ask, Dialect, Outcome, call};
use crate::support::scripted::{Fields, Script, Scripted};
use crate::support::{Answer, Stack, Version, before, send};

/// What the backend saw of a call in this dialect, with these fields.
async fn seen(dialect: Dialect, fields: &[(&'static str, &str)]) -> (Outcome, Option<HeaderMap>) {
    let backend = Scripted::start(|_| Script::ok(&[])).await;
    let gateway = before(&backend.url(), "").await;
    let mut ask = Ask::get(7);
    for (name, value) in fields {
        ask = ask.with(name, *value);
    }
    let outcome = call(gateway.address(), dialect, &ask).await;
    let record = backend.record();
    let metadata = record.calls.first().map(|call| call.seen.metadata.clone());
    (outcome, metadata)
}

/// What a client gets, in each dialect, when the backend says this.
async fn told(script: Script) -> Vec<(Dialect, Outcome)> {
    let backend = Scripted::start(move |_| script.clone()).await;
    let gateway = before(&backend.url(), "").await;
    let mut outcomes = Vec::new();
    for dialect in Dialect::ALL {
        let outcome = call(gateway.address(), dialect, &Ask::echo("a")).await;
        outcomes.push((dialect, outcome));
    }
    outcomes
}

#[tokio::test]
async fn row_109_what_is_the_protocols_no_client_can_forge() {
    let forged = [
        ("grpc-status", "0"),
        ("grpc-message", "fine"),
        ("grpc-status-details-bin", "AA"),
        ("grpc-previous-rpc-attempts", "3"),
        ("grpc-retry-pushback-ms", "0"),
        ("x-envoy-internal", "true"),
        ("x-envoy-original-path", "/admin"),
        ("x-forwarded-client-cert", "Hash=00"),
    ];
    for dialect in Dialect::ALL {
        let (outcome, metadata) = seen(dialect, &[&forged[..], &[("x-own", "1")]].concat()).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        let metadata = metadata.unwrap();
        for (name, _) in forged {
            assert_eq!(metadata.get(name), None, "{dialect:?}: {name}");
        }
        assert_eq!(metadata["x-own"], "1", "{dialect:?}");
        assert_eq!(metadata["te"], "trailers", "{dialect:?}");
    }
}

#[tokio::test]
async fn row_111_binary_metadata_that_is_not_base64_reaches_no_backend() {
    for (dialect, code) in [
        (Dialect::Grpc, 13),
        (Dialect::GrpcWeb, 13),
        (Dialect::Connect, 3),
        (Dialect::Rest, 3),
    ] {
        for value in ["%%%", "a", "YQ=", "Y Q"] {
            let (outcome, metadata) = seen(dialect, &[("x-own-bin", value)]).await;
            assert_eq!(outcome.code, Some(code), "{dialect:?}: {value}");
            assert_eq!(metadata, None, "{dialect:?}: {value}");
        }
    }
}

#[tokio::test]
async fn row_112_a_value_that_is_not_ascii_is_dropped_and_the_rest_is_not() {
    for dialect in Dialect::ALL {
        let fields = [("x-odd", "caf\u{e9}"), ("x-even", "coffee")];
        let (outcome, metadata) = seen(dialect, &fields).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        let metadata = metadata.unwrap();
        assert_eq!(metadata.get("x-odd"), None, "{dialect:?}");
        assert_eq!(metadata["x-even"], "coffee", "{dialect:?}");
    }
}

#[tokio::test]
async fn row_113_a_message_of_a_backend_is_a_text_and_nothing_more() {
    let odd = "a%0D%0Aset-cookie: a=b%0D%0A%0D%0A100%25 caf%C3%A9";
    for (dialect, outcome) in told(Script::fail(5, odd)).await {
        assert_eq!(outcome.code, Some(5), "{dialect:?}");
        let expected = "a\r\nset-cookie: a=b\r\n\r\n100% caf\u{e9}";
        assert_eq!(outcome.message, expected, "{dialect:?}");
        assert_eq!(outcome.headers.get("set-cookie"), None, "{dialect:?}");
    }
    for (dialect, outcome) in told(Script::fail(5, &"m".repeat(60 << 10))).await {
        assert_eq!(outcome.code, Some(5), "{dialect:?}");
        let bytes = outcome.message.len();
        assert!((1..=8 << 10).contains(&bytes), "{dialect:?}: {bytes}");
    }
}

#[tokio::test]
async fn row_114_what_is_the_gateways_to_say_no_backend_says() {
    let forged = [
        ("set-cookie", "session=evil"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("strict-transport-security", "max-age=0"),
        ("content-security-policy", "default-src *"),
        ("content-disposition", "inline"),
        ("clear-site-data", "\"*\""),
        ("alt-svc", "h3=\":1\""),
        ("x-http-code", "200"),
    ];
    let mut head = Fields::new().field("x-own", "1");
    for (name, value) in forged {
        head = head.field(name, value);
    }
    let script = Script::new().read().headers(head).message(&[]).end_ok();
    for (dialect, outcome) in told(script).await {
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        assert_eq!(outcome.headers["x-own"], "1", "{dialect:?}");
        for (name, _) in forged {
            assert_eq!(outcome.headers.get(name), None, "{dialect:?}: {name}");
        }
    }
}

#[tokio::test]
async fn row_115_a_status_that_is_none_is_unknown() {
    let of = |status: &str| Fields::new().field("grpc-status", status);
    let twice = of("0").field("grpc-status", "5");
    let all = ["999", "-1", "00", "abc", "", "17"].map(of);
    for fields in all.into_iter().chain([twice]) {
        let said = format!("{fields:?}");
        let script = Script::new().read().message(&[]).trailers(fields);
        for (dialect, outcome) in told(script).await {
            assert_eq!(outcome.code, Some(2), "{dialect:?}: {said}");
        }
    }
}

#[tokio::test]
async fn row_116_details_that_are_none_are_dropped() {
    for details in ["!!!!", "AAAA", "/////w", ""] {
        let fields = Fields::status(5, "gone").field("grpc-status-details-bin", details);
        let script = Script::new().read().trailers(fields);
        for (dialect, outcome) in told(script).await {
            assert_eq!(outcome.code, Some(5), "{dialect:?}: {details}");
            assert_eq!(outcome.message, "gone", "{dialect:?}: {details}");
            assert_eq!(outcome.details, [""; 0], "{dialect:?}: {details}");
        }
    }
}

const LISTED: &str = "cors: { origins: ['https://app.example.com'] }\n";

#[tokio::test]
async fn row_120_an_origin_that_only_looks_like_a_listed_one_is_not_let_in() {
    let backend = Scripted::start(|_| Script::ok(&[])).await;
    let gateway = before(&backend.url(), LISTED).await;
    let ask = async |origin: &str| {
        let headers = [("origin", origin)];
        let address = gateway.address();
        send(
            address,
            Version::Http1,
            Method::GET,
            "/v1/echo/7",
            &headers,
            "",
        )
        .await
    };
    let allowed = |answer: &Answer| {
        answer
            .header("access-control-allow-origin")
            .map(ToOwned::to_owned)
    };
    let own = "https://app.example.com";
    assert_eq!(allowed(&ask(own).await).as_deref(), Some(own));
    for origin in [
        "null",
        "https://app.example.com.attacker.net",
        "https://evil-app.example.com",
        "https://evilapp.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.co",
        "https://app.example.com/",
        "*",
        "",
    ] {
        assert_eq!(allowed(&ask(origin).await), None, "{origin}");
    }
}

#[tokio::test]
async fn row_122_a_question_before_the_call_needs_no_token_and_reaches_no_backend() {
    let backend = Scripted::start(|_| Script::ok(&[])).await;
    let deny = "policy: [{ access: { rules: [{ effect: deny }] } }]\n";
    let gateway = before(&backend.url(), &format!("{LISTED}{deny}")).await;
    let headers = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    for path in ["/v1/echo", "/demo.echo.v1.EchoService/Echo", "/nowhere"] {
        let address = gateway.address();
        let answer = send(address, Version::Http1, Method::OPTIONS, path, &headers, "").await;
        assert_eq!(answer.status, 204, "{path}");
        let vary = answer.header("vary").unwrap().to_ascii_lowercase();
        for name in [
            "origin",
            "access-control-request-method",
            "access-control-request-headers",
        ] {
            assert!(vary.contains(name), "{path}: {vary}");
        }
    }
    assert_eq!(backend.record().calls.len(), 0);
}

#[tokio::test]
async fn row_123_a_form_of_another_site_makes_no_call() {
    let backend = Scripted::start(|_| Script::ok(&[])).await;
    let gateway = before(&backend.url(), "").await;
    for (content_type, expected) in [
        ("text/plain", 415),
        ("text/plain;charset=UTF-8", 415),
        ("application/json", 200),
    ] {
        for path in ["/v1/echo", "/demo.echo.v1.EchoService/Echo"] {
            let headers = [("content-type", content_type)];
            let address = gateway.address();
            let answer = send(address, Version::Http1, Method::POST, path, &headers, "{}").await;
            assert_eq!(answer.status, expected, "{path}: {content_type}");
        }
    }
    assert_eq!(backend.record().calls.len(), 2);
}

#[tokio::test]
async fn row_124_no_answer_is_for_every_page_unless_that_was_chosen() {
    let stack = Stack::start().await;
    for path in ["/v1/shelves", "/nowhere", "/docs", "/openapi.json"] {
        for headers in [&[][..], &[("origin", "https://app.example.com")]] {
            let answer = stack.send(Method::GET, path, headers, "").await;
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, None, "{path}");
        }
    }
}

/// `google.api.HttpBody`.
#[derive(Clone, PartialEq, prost::Message)]
struct HttpBody {
    #[prost(string, tag = "1")]
    content_type: String,
    #[prost(bytes, tag = "2")]
    data: Vec<u8>,
}

#[tokio::test]
async fn row_125_a_page_of_a_backend_is_not_shown_as_one_of_the_gateways() {
    let page = |content_type: &str| HttpBody {
        content_type: content_type.to_owned(),
        data: b"<script>".to_vec(),
    };
    for (content_type, disposition) in [
        ("text/html", Some("attachment")),
        ("image/svg+xml", Some("attachment")),
        ("image/png", None),
    ] {
        let body = page(content_type).encode_to_vec();
        let backend = Scripted::start(move |_| Script::ok(&body)).await;
        let gateway = before(&backend.url(), "").await;
        let path = "/v1/shelves/fiction/books/1/cover";
        let answer = send(
            gateway.address(),
            Version::Http1,
            Method::GET,
            path,
            &[],
            "",
        )
        .await;
        assert_eq!(answer.status, 200, "{content_type}");
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(
            answer.header("content-disposition"),
            disposition,
            "{content_type}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let stack = Stack::start().await;
    for path in ["/v1/shelves", "/nowhere", "/docs", "/openapi.json"] {
        let answer = stack.get(path).await;
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn row_144_no_request_says_where_it_goes() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = trap.local_addr().unwrap().to_string();
    let stack = Stack::start().await;
    for name in [
        "x-forwarded-host",
        "x-envoy-original-dst-host",
        "x-original-host",
        "forwarded",
        "grpc-metadata-host",
    ] {
        let headers = [(name, there.as_str())];
        let answer = stack.send(Method::GET, "/v1/echo/7", &headers, "").await;
        assert_eq!(answer.status, 200, "{name}");
    }
    // An absolute target names another host as well; it is this gateway's call still.
    let target = format!("http://{there}/v1/echo/7");
    let answer = stack.send(Method::GET, &target, &[], "").await;
    assert!([200, 421].contains(&answer.status.as_u16()), "{answer:?}");
    assert!(
        trap.accept().now_or_never().is_none(),
        "somebody was sent there"
    );
}
