//! `transom serve` from its start to its end, and `check` on schemas from files.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use super::support::{Running, request};
use super::{err, file, out, transom};

/// Two methods, of which the second wants the path of the first.
const CLASHING: &str = r#"
syntax = "proto3";
package clash;
import "google/api/annotations.proto";
service Shop {
  rpc One(Nothing) returns (Nothing) { option (google.api.http) = {get: "/one"}; }
  rpc Two(Nothing) returns (Nothing) { option (google.api.http) = {get: "/one"}; }
}
message Nothing {}
"#;

/// An import root with the clashing proto.
fn clashing(name: &str) -> String {
    folder(name, CLASHING)
}

/// An import root with one proto.
fn folder(name: &str, proto: &str) -> String {
    let dir = file(&format!("{name}.marker"), "").with_file_name(name);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("clash.proto"), proto).unwrap();
    dir.display().to_string()
}

#[test]
fn check_refuses_a_schema_with_clashes_and_names_both() {
    let protos = clashing("check-clash");
    let text =
        format!("upstreams: {{ a: {{ url: 'http://h:1' }} }}\nschema: [{{ protos: {protos} }}]\n");
    let path = file("clash.yaml", &text);
    let output = transom(&["check", "--config", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(64), "{}", out(&output));
    assert!(
        err(&output).contains("clash.Shop") && err(&output).contains("/one"),
        "{}",
        err(&output)
    );

    let missing = file("missing.yaml", &text.replace("check-clash", "no-such-dir"));
    assert_eq!(
        transom(&["check", "--config", &missing.display().to_string()])
            .status
            .code(),
        Some(64)
    );
}

#[test]
fn http_rules_take_the_place_of_annotations() {
    let protos = clashing("ruled-clash");
    let rules = file(
        "rules.yaml",
        "type: google.api.Service\nhttp:\n  rules:\n  - { selector: clash.Shop.Two, get: '/two' }\n",
    );
    let given = rules.display().to_string();
    let routes = transom(&["routes", "--proto", &protos, "--http-rules", &given]);
    assert_eq!(routes.status.code(), Some(0), "{}", err(&routes));
    assert!(out(&routes).contains("/two") && err(&routes).is_empty());

    let text = format!(
        "upstreams: {{ a: {{ url: 'http://h:1' }} }}\nschema: [{{ protos: {protos} }}, {{ reflection: a }}]\nhttp_rules: [rules.yaml]\n"
    );
    let path = file("ruled.yaml", &text).display().to_string();
    let good = transom(&["check", "--config", &path]);
    assert_eq!(good.status.code(), Some(0), "{}", err(&good));

    // What only the server may have is awaited; without one to ask it is a slip.
    let more = "http:\n  rules:\n  - { selector: clash.Shop.Two, get: '/two' }\n  - { selector: clash.Shop.Tree, get: '/3' }\n";
    let more = file("more.yaml", more).display().to_string();
    let awaited = transom(&["check", "--config", &path, "--http-rules", &more]);
    assert_eq!(awaited.status.code(), Some(0), "{}", err(&awaited));
    let alone = file("alone.yaml", &text.replace(", { reflection: a }", ""));
    let alone = alone.display().to_string();
    let slip = transom(&["check", "--config", &alone, "--http-rules", &more]);
    assert_eq!(slip.status.code(), Some(64), "{}", out(&slip));
    let said =
        "more.yaml:4: the selector clash.Shop.Tree matches no method; did you mean clash.Shop.";
    assert!(err(&slip).contains(said), "{}", err(&slip));
}

#[test]
fn a_route_of_the_file_that_applies_to_nothing_is_told() {
    let protos = folder("idle-route", &CLASHING.replacen("/one", "/two", 1));
    let text = format!(
        "upstreams: {{ a: {{ url: 'http://h:1' }} }}\nschema: [{{ protos: {protos} }}]\n\
         routes: [{{ selector: clash.Shop.* }}, {{ selector: clash.Shopp.* }}]\n"
    );
    let path = file("idle-route.yaml", &text).display().to_string();
    let reason = "routes[1] (clash.Shopp.*) has no effect: it applies to nothing that is served; \
                  did you mean `clash.Shop.*`?";
    let output = transom(&["check", "--config", &path]);
    assert_eq!(output.status.code(), Some(64), "{}", out(&output));
    assert!(err(&output).contains(reason), "{}", err(&output));
    let output = transom(&["routes", "--config", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains(reason), "{}", err(&output));

    let text = text.replace(", { selector: clash.Shopp.* }", "");
    let good = file("good-route.yaml", &text);
    let output = transom(&["check", "--config", &good.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(
        out(&output).contains("clash.Shop.*: 2 methods, 2 bindings"),
        "{}",
        out(&output)
    );
}

#[test]
fn with_a_schema_from_files_it_serves_while_the_backend_is_down() {
    let protos = clashing("serve-clash");
    let serve = [
        "serve",
        "--upstream",
        "http://127.0.0.1:9",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "human",
    ];
    let running = Running::start(&[&serve[..], &["--proto", &protos]].concat());
    let said = running.out_until("listening on http://127.0.0.1:");
    assert!(
        said.iter()
            .any(|line| line.starts_with("GET ") && line.contains("clash.Shop/One"))
    );
    running.err_until("warning: not served: ");
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn json_logs_are_the_only_output_without_a_terminal() {
    let protos = clashing("json-clash");
    let serve = [
        "serve",
        "--upstream",
        "http://127.0.0.1:9",
        "--listen",
        "127.0.0.1:0",
    ];
    let running = Running::start(&[&serve[..], &["--proto", &protos]].concat());
    for line in running.err_until("\"listening\"") {
        let line: Value = serde_json::from_str(&line).unwrap();
        assert!(
            line["level"].is_string() && line["message"].is_string(),
            "{line}"
        );
    }
    running.signal("INT");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn a_backend_that_is_not_up_is_waited_for_until_a_signal() {
    let serve = [
        "serve",
        "--upstream",
        "http://127.0.0.1:9",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "human",
    ];
    let running = Running::start(&serve);
    let said = running.err_until("next try in");
    assert!(
        said.last().unwrap().starts_with(
            "waiting for the upstream at http://127.0.0.1:9: the connection was refused"
        ),
        "{said:?}"
    );
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(143));
}

#[test]
fn a_port_that_speaks_no_http_2_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
            // Until the client has left: a reset would race with the answer.
            while matches!(stream.read(&mut [0; 1024]), Ok(1..)) {}
        }
    });
    let output = transom(&["routes", "--upstream", &url]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let expected = format!("error: the upstream at {url} does not tell its schema by reflection: ");
    assert!(
        err(&output).starts_with(&expected)
            && err(&output).contains("expected the port of a gRPC server"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_port_in_use_is_told_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = [
        "serve",
        "--upstream",
        "http://127.0.0.1:9",
        "--log",
        "human",
        "--listen",
        &address,
    ];
    let output = transom(&serve);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "error: cannot listen on {address}: another program does; choose another port with --listen 127.0.0.1:PORT"
    );
    assert!(err(&output).starts_with(&expected), "{}", err(&output));
}

#[test]
fn the_flag_lets_pages_of_an_origin_call_and_refuses_what_is_none() {
    let protos = clashing("cors-flag");
    let serve = |origins: &[&str]| {
        let mut arguments = vec!["serve", "--upstream", "http://127.0.0.1:9"];
        arguments.extend(["--listen", "127.0.0.1:0", "--log", "human", "--proto"]);
        arguments.push(&protos);
        for origin in origins {
            arguments.extend(["--cors-origin", *origin]);
        }
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let arguments = serve(&["https://a.example", "http://*.b.example:81"]);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let running = Running::start(&arguments);
    let said = running.out_until("listening on http://");
    let (_, address) = said.last().unwrap().rsplit_once("http://").unwrap();
    for (origin, allowed) in [
        ("https://a.example", true),
        ("http://x.b.example:81", true),
        ("https://x.b.example:81", false),
    ] {
        let mut stream = TcpStream::connect(address.trim()).unwrap();
        let request = format!(
            "OPTIONS /one HTTP/1.1\r\nhost: h\r\norigin: {origin}\r\n\
             access-control-request-method: GET\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        let said = format!("access-control-allow-origin: {origin}\r\n");
        assert_eq!(answer.contains(&said), allowed, "{answer}");
    }
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));

    let arguments = serve(&["null"]);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let refused = transom(&arguments);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("found `null`"), "{}", err(&refused));
}

#[test]
fn check_refuses_any_origin_with_credentials() {
    let text =
        "upstreams: { a: { url: 'http://h:1' } }\ncors:\n  origins: ['*']\n  credentials: true\n";
    let path = file("cors.yaml", text).display().to_string();
    let output = transom(&["check", "--config", &path]);
    assert_eq!(output.status.code(), Some(64));
    assert!(
        err(&output).contains("cors.yaml:4:16: cors.credentials: found `true`"),
        "{}",
        err(&output)
    );
}

#[test]
fn operators_have_it_drain_as_a_signal_does() {
    let protos = folder("drained", &CLASHING.replacen("/one", "/two", 1));
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--log",
        "json",
    ];
    let mut arguments = vec![
        "serve",
        "--upstream",
        "http://127.0.0.1:1",
        "--proto",
        &protos,
    ];
    arguments.extend(flags);
    let running = Running::start(&arguments);
    let line = running.err_until("\"listening\"").pop().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let answer = request("POST", line["admin"].as_str().unwrap(), "/drain");
    assert_eq!(answer, (202, "it drains, and ends\n".to_owned()));
    assert!(running.end().success());
}
