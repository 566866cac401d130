//! Rows 1 to 28: heads and bodies of HTTP/1.1, byte by byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Backend, Stack, Version, before, send};

/// What may stand in a hostile request and has to be answered for once.
const FOLLOWED: &str = "GET /v1/echo/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

/// Everything that is answered to these bytes until the connection ends.
async fn answered(stack: &Stack, bytes: &[u8]) -> String {
    let socket = TcpStream::connect(stack.address()).await.unwrap();
    let (mut read, mut write) = socket.into_split();
    let bytes = bytes.to_owned();
    let writing = tokio::spawn(async move {
        let _ = write.write_all(&bytes).await; // it may be closed before
        write
    });
    let mut all = Vec::new();
    let _ = read.read_to_end(&mut all).await; // a reset is an end too
    drop(writing.await);
    String::from_utf8_lossy(&all).into_owned()
}

/// The statuses of the answers.
fn statuses(answers: &str) -> Vec<&str> {
    let heads = answers.split("HTTP/1.1 ").skip(1);
    heads.filter_map(|head| head.get(..3)).collect()
}

/// Each of these is answered by one of the statuses, and the connection is closed then: what follows is
/// nobody's request.
async fn refused(stack: &Stack, expected: &[&str], requests: &[String]) {
    for request in requests {
        let bytes = format!("{request}{FOLLOWED}");
        let answers = answered(stack, bytes.as_bytes()).await;
        let found = statuses(&answers);
        let shown = request.get(..200).unwrap_or(request);
        assert_eq!(found.len(), 1, "{shown:?}: {answers}");
        assert!(expected.contains(&found[0]), "{shown:?}: {answers}");
    }
}

/// A POST with these header lines, then a body.
fn post(lines: &str, body: &str) -> String {
    format!(
        "POST /v1/shelves HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{lines}\r\n{body}"
    )
}

#[tokio::test]
async fn row_1_chunked_and_a_length_are_one_request_or_none() {
    let stack = Stack::start().await;
    let smuggled = "2\r\n{}\r\n0\r\n\r\n";
    for lines in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
    ] {
        let bytes = format!("{}{FOLLOWED}", post(lines, smuggled));
        let answers = answered(&stack, bytes.as_bytes()).await;
        let found = statuses(&answers);
        assert!(
            matches!(found[..], ["400"] | ["200"] | ["200", "200"]),
            "{answers}"
        );
    }
}

#[tokio::test]
async fn rows_2_to_8_a_body_has_one_length() {
    let stack = Stack::start().await;
    refused(
        &stack,
        &["400", "501"],
        &[
            post("content-length: 2\r\ncontent-length: 3\r\n", "{}"),
            post("content-length: 2, 2\r\n", "{}"),
            post("content-length: +2\r\n", "{}"),
            post("content-length: 2x\r\n", "{}"),
            post("content-length:\r\n", "{}"),
            post("transfer-encoding: xchunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
            post(
                "transfer-encoding: identity, chunked\r\n",
                "2\r\n{}\r\n0\r\n\r\n",
            ),
            post(
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
                "2\r\n{}\r\n0\r\n\r\n",
            ),
            post("transfer-encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n").replace("1.1", "1.0"),
        ],
    )
    .await;
}

#[tokio::test]
async fn rows_9_and_10_chunks_that_are_none_end_the_connection() {
    let stack = Stack::start().await;
    let chunked = |body: &str| post("transfer-encoding: chunked\r\n", body);
    refused(
        &stack,
        &["400", "431"],
        &[
            chunked("0x2\r\n{}\r\n0\r\n\r\n"),
            chunked("+2\r\n{}\r\n0\r\n\r\n"),
            chunked("10000000000000002\r\n{}\r\n0\r\n\r\n"),
            chunked("2\n{}\n0\n\n"),
            chunked("2\r\n{}0\r\n\r\n"),
            chunked(&format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(20 << 10))),
        ],
    )
    .await;
}

#[tokio::test]
async fn row_11_trailers_of_a_request_reach_no_backend() {
    let stack = Stack::start().await;
    let with = |trailers: &str| {
        let head = "POST /demo.echo.v1.EchoService/Metadata HTTP/1.1\r\nhost: a\r\n\
                    content-type: application/json\r\ntransfer-encoding: chunked\r\n\
                    connection: close\r\n\r\n";
        format!("{head}2\r\n{{}}\r\n0\r\n{trailers}\r\n")
    };
    let answers = answered(
        &stack,
        with("content-length: 5\r\nhost: evil\r\nauthorization: forged\r\n").as_bytes(),
    )
    .await;
    assert!(
        !answers.contains("forged") && !answers.contains("evil"),
        "{answers}"
    );
    let long = with(&format!("x: {}\r\n", "y".repeat(20 << 10)));
    let answers = answered(&stack, long.as_bytes()).await;
    assert!(
        matches!(statuses(&answers)[..], [] | ["400"] | ["431"]),
        "{answers}"
    );
}

#[tokio::test]
async fn rows_12_to_17_a_head_is_lines_of_names_and_values_with_one_host() {
    let stack = Stack::start().await;
    let get = |lines: &str| format!("GET /v1/echo/7 HTTP/1.1\r\n{lines}\r\n");
    refused(
        &stack,
        &["400"],
        &[
            get("host: a\r\nx : y\r\n"),
            get("host: a\r\nx: a\0b\r\n"),
            get("host: a\r\nx: a\rb\r\n"),
            get("host: a\r\nx: y\r\n z\r\n"),
            get(""),
            get("host: a\r\nhost: a\r\n"),
            get("host: a/b?c\r\n"),
            get("host: user@a\r\n"),
            get("host: a\x07\r\n"),
        ],
    )
    .await;
    // Row 14: bare line ends are taken as line ends or refused; there is one request in it either way.
    let bare = "GET /v1/echo/7 HTTP/1.1\nhost: a\nconnection: close\n\n";
    let answers = answered(&stack, bare.as_bytes()).await;
    assert!(
        matches!(statuses(&answers)[..], ["200"] | ["400"]),
        "{answers}"
    );
}

#[tokio::test]
async fn row_18_an_absolute_target_is_the_authority() {
    let stack = Stack::start().await;
    let request = "GET http://own.example/v1/echo:metadata HTTP/1.1\r\nhost: other.example\r\n\
                   connection: close\r\n\r\n";
    let answers = answered(&stack, request.as_bytes()).await;
    assert!(answers.contains("own.example"), "{answers}");
    assert!(!answers.contains("other.example"), "{answers}");
}

#[tokio::test]
async fn rows_19_and_20_connect_and_trace_are_no_methods_here() {
    let stack = Stack::start().await;
    for (head, statuses_taken) in [
        (
            "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\nconnection: close\r\n\r\n",
            &["405", "404", "400"][..],
        ),
        (
            "TRACE /v1/shelves HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
            &["405"],
        ),
    ] {
        let answers = answered(&stack, head.as_bytes()).await;
        let found = statuses(&answers);
        assert!(
            found.len() == 1 && statuses_taken.contains(&found[0]),
            "{answers}"
        );
        if found[0] == "405" {
            assert!(
                answers.to_ascii_lowercase().contains("\r\nallow: "),
                "{answers}"
            );
        }
    }
}

#[tokio::test]
async fn rows_21_to_23_what_is_too_large_is_told_so() {
    let stack = Stack::start().await;
    let get = |path: &str, lines: &str| format!("GET {path} HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
    let long = "y".repeat(100 << 10);
    for (request, status) in [
        (get("/v1/echo/7", &format!("x: {long}\r\n")), "431"),
        (get("/v1/echo/7", &"x: y\r\n".repeat(101)), "431"),
        (get(&format!("/{}", "y".repeat(70 << 10)), ""), "414"),
        (get(&format!("/{}", "y".repeat(9 << 10)), ""), "414"),
    ] {
        let bytes = format!("{}{FOLLOWED}", request);
        let answers = answered(&stack, bytes.as_bytes()).await;
        assert_eq!(
            statuses(&answers).first(),
            Some(&status),
            "{}",
            &answers[..200.min(answers.len())]
        );
    }
}

#[tokio::test]
async fn row_24_an_upgrade_to_cleartext_http2_is_ignored() {
    let stack = Stack::start().await;
    let request = "GET /v1/echo/7 HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings, close\r\n\
                   upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n";
    let answers = answered(&stack, request.as_bytes()).await;
    assert_eq!(statuses(&answers), ["200"], "{answers}");
}

#[tokio::test]
async fn row_25_ten_thousand_requests_at_once_are_answered_in_their_order() {
    const REQUESTS: usize = 10_000;
    let stack = Stack::start().await;
    let mut bytes = String::new();
    for number in 1..=REQUESTS {
        let last = if number == REQUESTS {
            "connection: close\r\n"
        } else {
            ""
        };
        bytes += &format!("GET /v1/echo/{number} HTTP/1.1\r\nhost: a\r\n{last}\r\n");
    }
    let answers = answered(&stack, bytes.as_bytes()).await;
    let ids = answers.split("{\"id\":\"").skip(1);
    let ids = ids.filter_map(|rest| rest.split('"').next()?.parse::<usize>().ok());
    assert!(ids.eq(1..=REQUESTS));
}

/// How long the whole body of a request with one message may take.
const BODY_WITHIN: &str = "timeouts: { request_body: 300ms }\n";

#[tokio::test]
async fn row_27_a_body_that_comes_byte_by_byte_has_as_long_as_any_other() {
    let backend = Backend::start().await;
    let gateway = before(&backend.url, BODY_WITHIN).await;
    for path in ["/v1/echo", "/demo.echo.v1.EchoService/Echo"] {
        let socket = TcpStream::connect(gateway.address()).await.unwrap();
        let (mut read, mut write) = socket.into_split();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n"
        );
        write.write_all(head.as_bytes()).await.unwrap();
        // Never silent, and never done.
        let dribbling = tokio::spawn(async move {
            let mut pauses = tokio::time::interval(Duration::from_millis(20));
            while write.write_all(b" ").await.is_ok() {
                pauses.tick().await;
            }
        });
        let mut status = [0; 12];
        read.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 408", "{path}");
        dribbling.abort();
    }
    let answer = send(
        gateway.address(),
        Version::Http1,
        http::Method::GET,
        "/v1/echo/7",
        &[],
        "",
    );
    assert_eq!(answer.await.status, 200);
}

#[tokio::test]
async fn row_28_an_expectation_that_nobody_knows_fails() {
    let stack = Stack::start().await;
    let request = post(
        "expect: 200-ok\r\ncontent-length: 2\r\nconnection: close\r\n",
        "{}",
    );
    let answers = answered(&stack, request.as_bytes()).await;
    assert_eq!(statuses(&answers), ["417"], "{answers}");
}
