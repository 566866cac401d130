//! `transom serve` that reads its configuration again.

use std::path::{Path, PathBuf};

use super::support::{Running, request};

const PROTO: &str = r#"
syntax = "proto3";
package p;
service S { rpc Do(M) returns (M); }
message M { string a = 1; }
"#;

/// A folder with a configuration that logs JSON.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("again-{name}"));
    std::fs::create_dir_all(folder.join("protos")).unwrap();
    std::fs::write(folder.join("protos/p.proto"), PROTO).unwrap();
    write(&folder, "");
    folder
}

fn write(folder: &Path, keys: &str) {
    let text = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nlog: {{ format: json }}\n\
         upstreams: {{ a: {{ url: 'http://127.0.0.1:1' }} }}\nschema: [{{ protos: protos }}]\n{keys}"
    );
    std::fs::write(folder.join("transom.yaml"), text).unwrap();
}

/// The gateway, and its admin address.
fn start(folder: &Path) -> (Running, String) {
    let file = folder.join("transom.yaml").display().to_string();
    let running = Running::start(&["serve", "--config", &file]);
    let line = running.err_until("\"listening\"").pop().unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let admin = line["admin"].as_str().unwrap().to_owned();
    (running, admin)
}

#[test]
fn a_hangup_and_a_changed_file_have_the_configuration_read_again() {
    let folder = folder("hangup");
    let (running, admin) = start(&folder);
    running.signal("HUP");
    running.err_until("the configuration was taken");

    write(&folder, "workers: 1\ntimeouts: { unary: 3s }\n");
    let told = running.err_until("needs a restart");
    assert!(
        told.iter()
            .any(|line| line.contains("the configuration was taken")),
        "{told:?}"
    );

    write(&folder, "timeouts: { unary: soon }\n");
    running.err_until("the configuration was refused");
    let (status, ready) = request("GET", &admin, "/readyz");
    assert_eq!(status, 200);
    assert!(ready.contains("configuration 3, schema 1"), "{ready}");
    assert!(ready.contains("timeouts.unary"), "{ready}");
    running.signal("TERM");
    assert!(running.end().success());
}

#[test]
fn operators_have_the_configuration_read_again_and_hear_what_came_of_it() {
    let folder = folder("asked");
    let (running, admin) = start(&folder);
    let (status, told) = request("POST", &admin, "/reload");
    assert_eq!((status, &*told), (200, "taken: configuration 2\n"));
    std::fs::remove_file(folder.join("transom.yaml")).unwrap();
    let (status, told) = request("POST", &admin, "/reload");
    assert_eq!(status, 422);
    assert!(
        told.starts_with("refused, nothing has changed: ") && told.contains("cannot read the file"),
        "{told}"
    );
    let (status, ready) = request("GET", &admin, "/readyz");
    assert_eq!(status, 200);
    assert!(ready.contains("the configuration was refused"), "{ready}");
    running.signal("TERM");
    assert!(running.end().success());
}
