//! `transom demo`, and the commands that talk to a server: `routes` and `call`.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use transom::demo::{EXAMPLES, PAGES};

use super::support::Running;
use super::{err, file, out, transom};
use crate::support::has_curl;

/// A running demo, and the URLs that it told.
pub(super) struct Demo {
    pub(super) running: Running,
    pub(super) gateway: String,
    pub(super) backend: String,
    said: Vec<String>,
}

pub(super) fn demo() -> Demo {
    demo_with(&[])
}

fn demo_with(flags: &[&str]) -> Demo {
    Demo::of(Running::start(
        &[&["demo", "--listen", "127.0.0.1:0"], flags].concat(),
    ))
}

/// The same with no more than so many file descriptors.
pub(super) fn demo_within(descriptors: usize) -> Demo {
    let flags = ["demo", "--listen", "127.0.0.1:0"];
    Demo::of(Running::start_within(descriptors, &flags))
}

impl Demo {
    fn of(running: Running) -> Self {
        let said = running.out_until("Ctrl-C ends the demo.");
        let url = |part: &str| {
            let line = said.iter().find(|line| line.contains(part)).unwrap();
            line.split_whitespace()
                .find(|word| word.starts_with("http://") || word.starts_with("https://"))
                .unwrap()
                .to_owned()
        };
        let (gateway, backend) = (url("listening on"), url("sample gRPC server is at"));
        Self {
            running,
            gateway,
            backend,
            said,
        }
    }
}

#[test]
fn by_tls_the_commands_that_the_demo_prints_name_a_certificate_that_is_gone_afterwards() {
    let demo = demo_with(&["--tls"]);
    assert!(demo.gateway.starts_with("https://"), "{}", demo.gateway);
    let mut certificate = None;
    let mut curls = 0;
    for example in EXAMPLES {
        let plain = example.command(&demo.gateway);
        let (before, after) = plain.split_once("curl ").unwrap();
        let line = demo.said.iter().map(|line| line.trim()).find(|line| {
            line.starts_with(&format!("{before}curl --cacert ")) && line.ends_with(after)
        });
        let command = line.unwrap_or_else(|| panic!("{plain} is not printed"));
        let (_, file) = command.split_once("--cacert ").unwrap();
        certificate = file
            .split(' ')
            .next()
            .map(|file| Path::new(file).to_owned());
        if has_curl() {
            let output = Command::new("sh").args(["-c", command]).output().unwrap();
            let (said, wrong) = (out(&output), err(&output));
            assert!(said.contains(example.expect), "{command}: {said}{wrong}");
        }
        curls += 1;
    }
    assert!(curls > 5);
    let certificate = certificate.unwrap();
    assert!(certificate.is_file());
    demo.running.signal("TERM");
    assert_eq!(demo.running.end().code(), Some(0));
    assert!(!certificate.exists());
}

#[test]
fn the_commands_that_the_demo_prints_work() {
    let demo = demo();
    let has_curl = has_curl();
    assert!(
        demo.said.iter().any(|line| line.contains("any origin")),
        "that it is open to pages is said"
    );
    for example in EXAMPLES {
        let command = example.command(&demo.gateway);
        assert!(
            demo.said.iter().any(|line| line.trim() == command),
            "{command} is not printed"
        );
        if has_curl {
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            assert!(
                out(&output).contains(example.expect),
                "{command}: {}{}",
                out(&output),
                err(&output)
            );
        }
    }
    for page in PAGES {
        let url = format!("{}{page}", demo.gateway);
        assert!(demo.said.iter().any(|line| line.trim() == url), "{url}");
        if has_curl {
            let get = ["-sf", "-o", "/dev/null", url.as_str()];
            assert!(Command::new("curl").args(get).status().unwrap().success());
        }
    }
    // Its own program is named so that a shell elsewhere finds it.
    let call = demo
        .said
        .iter()
        .find(|line| line.contains(" call "))
        .unwrap();
    let shell = Command::new("sh")
        .args(["-c", call.trim()])
        .current_dir("/")
        .output()
        .unwrap();
    assert!(
        out(&shell).contains(r#""id": "7""#),
        "{call}: {}",
        err(&shell)
    );
    demo.running.signal("INT");
    assert_eq!(demo.running.end().code(), Some(0));
}

#[test]
fn routes_lists_what_the_demo_serves() {
    let demo = demo();
    let table = transom(&["routes", "--upstream", &demo.backend]);
    assert_eq!(table.status.code(), Some(0), "{}", err(&table));
    let table = out(&table);
    assert!(table.starts_with("HTTP "), "{table}");
    let row = table
        .lines()
        .find(|line| line.contains("LibraryService/ListShelves"))
        .unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(
        words,
        [
            "GET",
            "/v1/shelves",
            "demo.library.v1.LibraryService/ListShelves",
            "unary"
        ]
    );
    // The demo's own table and that of `routes` are one and the same.
    assert!(demo.said.iter().any(|line| line == row), "{row}");

    let list = transom(&["routes", "--upstream", &demo.backend, "--format", "json"]);
    let list: Vec<Value> = serde_json::from_slice(&list.stdout).unwrap();
    let count = list
        .iter()
        .find(|row| row["rpc"] == "demo.library.v1.LibraryService/CountBooks");
    assert_eq!(
        count.unwrap(),
        &json!({
            "method": "POST", "path": "/demo.library.v1.LibraryService/CountBooks",
            "rpc": "demo.library.v1.LibraryService/CountBooks", "shape": "unary", "rest": true,
            "body": "*", "response_body": "", "upstream": "upstream", "deprecated": false,
        })
    );
    let streams: Vec<_> = list
        .iter()
        .filter(|row| {
            row["rpc"]
                .as_str()
                .unwrap()
                .starts_with("demo.echo.v1.EchoService/Co")
        })
        .map(|row| (&row["path"], &row["shape"], &row["rest"]))
        .collect();
    assert_eq!(
        streams,
        [
            (
                &json!("/v1/echo:collect"),
                &json!("client stream"),
                &json!(true)
            ),
            (&json!("/v1/echo:converse"), &json!("bidi"), &json!(true)),
        ]
    );
    assert!(
        !list
            .iter()
            .any(|row| row["rpc"].as_str().unwrap().starts_with("grpc."))
    );
}

/// `transom call`, with `arguments` behind the method.
fn call(demo: &Demo, method: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut all = vec!["call", method, "--upstream", &demo.backend, "--compact"];
    all.extend(arguments);
    let output = transom(&all);
    (output.status.code().unwrap(), out(&output), err(&output))
}

#[test]
fn call_makes_calls_of_every_shape() {
    let demo = demo();
    let echo = "demo.echo.v1.EchoService";
    for (method, data, expected) in [
        ("Get", r#"{"id": 7}"#, &[r#"{"id":"7""#][..]),
        (
            "Stream",
            r#"{"count": 3}"#,
            &[r#"{}"#, r#"{"index":"1""#, r#"{"index":"2""#],
        ),
        (
            "Collect",
            r#"{"text":"ab"} {"text":"c"}"#,
            &[r#"{"count":"2","size":"3"}"#],
        ),
        ("Collect", "", &["{}"]),
        (
            "Converse",
            r#"{"text":"a"}{"text":"b"}"#,
            &[r#"{"text":"a"}"#, r#"{"text":"b"}"#],
        ),
    ] {
        let (code, out, err) = call(&demo, &format!("{echo}/{method}"), &["-d", data]);
        assert_eq!((code, err.as_str()), (0, ""), "{method}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{method}: {out}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.starts_with(expected), "{method}: {line}");
        }
    }
    let (code, out, _) = call(&demo, "demo.library.v1.LibraryService.CountBooks", &[]);
    assert!(
        code == 0 && out.starts_with(r#"{"count":"#),
        "no data is an empty message: {out}"
    );
    let long = transom(&[
        "call",
        &format!("{echo}/Get"),
        "-u",
        &demo.backend,
        "-d",
        r#"{"id":1}"#,
    ]);
    assert!(
        super::out(&long).starts_with("{\n  \"id\": \"1\",\n"),
        "{}",
        super::out(&long)
    );
}

#[test]
fn call_tells_a_status_with_its_details_and_exits_with_its_code() {
    let demo = demo();
    let fail = "demo.echo.v1.EchoService/Fail";
    let data = r#"{"code": 5, "message": "no such thing", "standardDetails": true}"#;
    let (code, out, err) = call(&demo, fail, &["-d", data]);
    assert_eq!((code, out.as_str()), (69, ""));
    assert!(err.starts_with("NOT_FOUND (5): no such thing\n"), "{err}");
    assert!(
        err.contains(r#""@type": "type.googleapis.com/google.rpc.BadRequest""#),
        "{err}"
    );

    // A stream, because the demo's own server would race for the end of a unary call.
    let stream = "demo.echo.v1.EchoService/Stream";
    let data = r#"{"count": 2, "interval": "20s"}"#;
    let (code, out, err) = call(&demo, stream, &["-d", data, "--timeout", "500ms"]);
    assert_eq!((code, out.as_str()), (68, "{}\n"), "{err}");
    assert!(err.starts_with("DEADLINE_EXCEEDED (4)"), "{err}");
}

#[test]
fn call_says_what_is_wrong_before_it_calls() {
    let demo = demo();
    let get = "demo.echo.v1.EchoService/Get";
    for (method, data, said) in [
        (
            "demo.echo.v1.EchoService/Gte",
            "{}",
            "did you mean demo.echo.v1.EchoService/Get?",
        ),
        (get, r#"{"idd": 1}"#, "idd"),
        (
            get,
            r#"{"id": 1} {"id": 2}"#,
            "found more than one message, expected one",
        ),
        (get, "@no/such.json", "cannot read no/such.json"),
    ] {
        let (code, out, err) = call(&demo, method, &["-d", data]);
        assert_eq!((code, out.as_str()), (1, ""), "{method} {data}: {err}");
        assert!(
            err.starts_with("error: ") && err.contains(said),
            "{method} {data}: {err}"
        );
    }
}

#[test]
fn call_sends_metadata_and_shows_it() {
    let demo = demo();
    let (code, out, err) = call(
        &demo,
        "demo.echo.v1.EchoService/Metadata",
        &[
            "-v",
            "-H",
            "X-Tint: blue",
            "-d",
            r#"{"headers":{"x-a":"1"},"trailers":{"x-b":"2"}}"#,
        ],
    );
    assert_eq!(code, 0, "{err}");
    assert!(out.contains(r#""x-tint":{"values":["blue"]}"#), "{out}");
    assert!(
        err.contains("< x-a: 1\n") && err.contains("< trailer x-b: 2\n"),
        "{err}"
    );
}

#[test]
fn a_server_that_is_not_there_is_told_and_not_waited_for() {
    for arguments in [&["routes"][..], &["call", "a.B/C"]] {
        let output = transom(&[arguments, &["--upstream", "http://127.0.0.1:9"]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(
            err(&output).contains("cannot reach the upstream"),
            "{}",
            err(&output)
        );
    }
}

#[test]
fn check_asks_the_server_when_told_to() {
    let demo = demo();
    let text = format!("upstreams: {{ a: {{ url: {} }} }}\n", demo.backend);
    let path = file("connect.yaml", &text).display().to_string();
    let output = transom(&["check", "--config", &path, "--connect"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let said = out(&output);
    assert!(
        said.contains("1 upstream, ") && said.contains(" methods, "),
        "{said}"
    );

    let path = file(
        "nobody.yaml",
        "upstreams: { a: { url: 'http://127.0.0.1:9' } }\n",
    );
    let output = transom(&[
        "check",
        "--config",
        &path.display().to_string(),
        "--connect",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
}

#[test]
fn a_built_web_demo_is_served_and_linked_to() {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("web-demo");
    std::fs::create_dir_all(built.join("assets")).unwrap();
    std::fs::write(built.join("index.html"), "<title>built</title>").unwrap();
    std::fs::write(built.join("assets/main.js"), "// built").unwrap();
    let folder = built.to_str().unwrap();
    let running = Running::start(&["demo", "--listen", "127.0.0.1:0", "--web-demo", folder]);
    let said = running.out_until("Ctrl-C ends the demo.");
    let link = said.iter().find(|line| line.trim().ends_with("/demo/"));
    let link = link.unwrap().trim();
    if has_curl() {
        for (path, expected) in [("", "<title>built</title>"), ("assets/main.js", "// built")] {
            let url = format!("{link}{path}");
            let answer = Command::new("curl").args(["-sf", &url]).output().unwrap();
            assert_eq!(out(&answer), expected, "{url}");
        }
        let url = format!("{link}assets/other.js");
        let missing = Command::new("curl").args(["-sf", &url]).output().unwrap();
        assert_eq!(missing.status.code(), Some(22), "{url}");
    }
    running.signal("INT");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn a_web_demo_that_is_not_built_is_an_error_where_it_is_asked_for() {
    let output = transom(&["demo", "--listen", "127.0.0.1:0", "--web-demo", "src"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("src has no index.html"),
        "{}",
        err(&output)
    );
}
