//! The binary itself: what its commands print and how they exit.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod demo;
#[cfg(target_os = "linux")]
mod descriptors;
mod docs;
#[cfg(unix)]
mod log;
mod reload;
mod schemas;
mod serve;
mod streams;
mod support;
mod tls;

/// Runs `transom` in the repository's root, with no colours and no environment of the developer's.
fn transom(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_transom"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("RUST_LOG")
        .output()
        .expect("the binary runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file of this test run, which ends with the build directory.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the build directory can be written");
    path
}

fn check(file: &Path) -> Output {
    transom(&["check", "--config", &file.display().to_string()])
}

#[test]
fn help_shows_examples_and_exit_codes() {
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["call", "-h"],
        &["demo", "-h"],
    ] {
        let output = transom(command);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        assert!(out(&output).contains("Examples:"), "{command:?}");
    }
    assert!(out(&transom(&["--help"])).contains("Exit codes:"));
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_wrong() {
    for (arguments, said) in [
        (
            &["serve"][..],
            "no upstream: name a gRPC server with --upstream URL",
        ),
        (&["serv"], "similar subcommand exists: 'serve'"),
        (
            &["serve", "--upstream", "ftp://127.0.0.1:50051"],
            "expected http://host:port",
        ),
        (
            &[
                "serve",
                "--upstream",
                "http://127.0.0.1:1",
                "--listen",
                "8080",
            ],
            "expected an IP address and a port, such as `127.0.0.1:8080`",
        ),
        (
            &[
                "call",
                "a.B/C",
                "-H",
                "x-bin: !",
                "-u",
                "http://127.0.0.1:1",
            ],
            "in base64",
        ),
        (
            &[
                "call",
                "a.B/C",
                "-H",
                "grpc-timeout: 1S",
                "-u",
                "http://127.0.0.1:1",
            ],
            "gRPC's own",
        ),
        (
            &[
                "serve",
                "--config",
                "config/full.yaml",
                "-u",
                "http://127.0.0.1:1",
            ],
            "--upstream NAME=URL",
        ),
    ] {
        let output = transom(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(
            err(&output).contains(said),
            "{arguments:?}: {}",
            err(&output)
        );
    }
}

#[test]
fn check_says_that_a_good_file_is_good() {
    let output = transom(&["check", "--config", "config/minimal.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(
        out(&output),
        "good: config/minimal.yaml: 1 upstream; 1 source by reflection not asked (--connect asks)\n"
    );
}

#[test]
fn check_exits_with_64_and_names_the_place_of_a_mistake() {
    let path = file(
        "typo.yaml",
        "upstreams: { a: { url: 'http://h:1' } }\nlimits:\n  urll: 8KiB\n",
    );
    let output = check(&path);
    assert_eq!(output.status.code(), Some(64));
    let expected = format!(
        "error: {}:3:3: limits: unknown key `urll`; did you mean `url`?\n",
        path.display()
    );
    assert_eq!(err(&output), expected);
    assert_eq!(
        check(Path::new("no/such/file.yaml")).status.code(),
        Some(64)
    );
}

#[test]
fn config_schema_is_json() {
    let output = transom(&["config-schema"]);
    assert_eq!(output.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(schema["title"], "Transom configuration");
}
