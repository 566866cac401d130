//! Log lines of the command: whoever does not read them makes no call wait, and their level is changed
//! while it runs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::{Running, request};

/// R28.
#[test]
fn a_full_pipe_makes_no_call_wait() {
    let file = configuration("full-pipe");
    let mut child = Command::new(env!("CARGO_BIN_EXE_transom"))
        .args(["serve", "--config", &file])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended");
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["message"] == "listening" {
            break line["address"].as_str().unwrap().to_owned();
        }
    };
    // From here on nobody reads: the pipe holds 64 KiB, and each of these lines some 400 bytes.
    let agent = "x".repeat(200);
    for n in 0..600 {
        let (status, _) = request("GET", &address, &format!("/none/{n}?{agent}"));
        assert_eq!(status, 404, "call {n}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_level_is_changed_on_the_admin_port() {
    let file = configuration("level");
    let running = Running::start(&["serve", "--config", &file]);
    let line = running.err_until("\"listening\"").pop().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let (address, admin) = (
        line["address"].as_str().unwrap(),
        line["admin"].as_str().unwrap(),
    );
    assert_eq!(request("GET", admin, "/log/level").0, 200);
    let put = |level: &str| {
        let mut stream = TcpStream::connect(admin).unwrap();
        let length = level.len();
        let head =
            format!("PUT /log/level HTTP/1.0\r\nhost: {admin}\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all((head + level).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(put("loud=very").starts_with("HTTP/1.0 400 "));
    assert!(put("warn").contains("transom=warn"));
    assert_eq!(request("GET", address, "/unseen").0, 404);
    assert!(put("info").contains("transom=info"));
    assert_eq!(request("GET", address, "/seen?secret").0, 404);
    let lines = running.err_until("\"request_id\"");
    let line: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(
        (&line["http_status"], &line["method"]),
        (&json!(404), &json!("GET"))
    );
    assert!(line["ts"].as_str().unwrap().ends_with('Z'));
    running.signal("INT");
    running.err_until("stopping");
    assert_eq!(running.end().code(), Some(0));
}

fn configuration(name: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("log-{name}.yaml"));
    let text = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nlog: {{ format: json }}\n\
         upstreams: {{ a: {{ url: 'http://127.0.0.1:9' }} }}\nschema: [{{ protos: '{}/proto' }}]\n",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}
