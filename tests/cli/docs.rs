//! The pages of `docs/`, tried as a reader would: each indented command by a shell,
//! before a demo of its own, and the answer beneath it compared. `…` stands for any text.
//!
//! A fenced block of YAML that names upstreams is the configuration file of a gateway that the
//! commands with port 8081 call, and those with port 9901 on its admin port; one that says
//! `google.api.Service` is that gateway's service configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::demo::{Demo, demo};
use super::support::Running;
use super::{err, out};
use crate::support::has_curl;

/// How commands begin; every other line beneath one is its answer.
const COMMANDS: &[&str] = &[
    "curl ",
    "printf ",
    "echo ",
    "(echo ",
    "head ",
    "mkdir ",
    "openssl ",
    "transom breaking ",
    "transom lint ",
    "transom check ",
];

/// What is tried of a page.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// A configuration file.
    Yaml(String),
    /// A command, and the answer that the page shows.
    Shell(String, String),
}

fn parts(page: &str) -> Vec<Part> {
    let (mut parts, mut yaml, mut fenced) = (Vec::new(), None::<String>, false);
    let mut within = false;
    for line in page.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            let starts =
                |text: &String| text.contains("upstreams:") || text.contains("google.api.Service");
            parts.extend(yaml.take().filter(starts).map(Part::Yaml));
            fenced = !fenced;
            yaml = (fenced && kind == "yaml").then(String::new);
            within = false;
        } else if let Some(text) = &mut yaml {
            text.push_str(line);
            text.push('\n');
        } else if fenced {
        } else if line.is_empty() || line.starts_with("    ") {
            let line = line.trim();
            match parts.last_mut() {
                Some(Part::Shell(command, _)) if within && command.ends_with('\\') => {
                    command.pop();
                    command.push_str(line);
                }
                _ if COMMANDS.iter().any(|start| line.starts_with(start)) => {
                    parts.push(Part::Shell(line.to_owned(), String::new()));
                    within = true;
                }
                Some(Part::Shell(_, answer)) if within => {
                    answer.push_str(line);
                    answer.push('\n');
                }
                _ => {}
            }
        } else {
            within = false;
        }
    }
    parts
}

/// True if `text` is `pattern`, whose `…` stand for anything.
fn fits(text: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<_> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// A gateway before the demo's backend, configured by a file of a page.
struct Own {
    address: String,
    /// Its admin port, if it has one.
    admin: Option<String>,
    _running: Running,
}

impl Own {
    /// Its files are those of `folder`, where the page's commands may have made some.
    fn start(text: &str, folder: &Path, demo: &Demo) -> Self {
        let text = text
            .replace("http://127.0.0.1:50051", &demo.backend)
            .replace("127.0.0.1:8081", "127.0.0.1:0")
            .replace("127.0.0.1:9901", "127.0.0.1:0");
        let path = folder.join("transom.yaml");
        std::fs::write(&path, &text).unwrap();
        let path = path.display().to_string();
        let mut arguments = vec!["serve", "--log", "human"];
        if text.contains("google.api.Service") {
            arguments.extend(["--listen", "127.0.0.1:0"]);
            arguments.extend(["--upstream", &demo.backend, "--http-rules", &path]);
        } else {
            arguments.extend(["--config", &path]);
        }
        let running = Running::start(&arguments);
        let address = |said: &str| {
            let lines = running.out_until(said);
            let (_, address) = lines.last().unwrap().rsplit_once("://").unwrap();
            address.trim().to_owned()
        };
        Self {
            address: address("listening on http"),
            admin: text
                .contains("admin:")
                .then(|| address("admin     on http://")),
            _running: running,
        }
    }
}

/// Where a reader's shell finds commands, once `transom` is installed.
fn path_with_transom() -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_transom"));
    let own = binary.parent().unwrap().display();
    format!("{own}:{}", std::env::var("PATH").unwrap_or_default())
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("docs")
        .join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn try_page(name: &str, at_least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(format!("{name}.md"));
    let parts = parts(&std::fs::read_to_string(path).unwrap());
    let commands = parts.iter().filter(|p| matches!(p, Part::Shell(..)));
    assert!(commands.count() >= at_least, "{name}: commands are missing");
    if !has_curl() {
        return;
    }
    let (demo, folder) = (demo(), folder(name));
    let address = demo.gateway.trim_start_matches("http://");
    let mut own = None;
    for part in &parts {
        let (command, answer) = match part {
            Part::Yaml(text) => {
                own = Some(Own::start(text, &folder, &demo));
                continue;
            }
            Part::Shell(command, answer) => (command, answer.trim()),
        };
        let backend = demo.backend.trim_start_matches("http://");
        let mut command = command
            .replace("127.0.0.1:8080", address)
            .replace("127.0.0.1:50051", backend);
        if let Some(own) = &own {
            command = command.replace("127.0.0.1:8081", &own.address);
            if let Some(admin) = &own.admin {
                command = command.replace("127.0.0.1:9901", admin);
            }
        }
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(&folder)
            .env("PATH", path_with_transom())
            .output()
            .unwrap();
        let found = out(&output).replace('\r', "");
        assert!(
            fits(found.trim(), answer),
            "docs/{name}.md says of\n  {command}\n  {answer}\nfound\n  {found}{}",
            err(&output)
        );
    }
}

#[test]
fn what_the_page_about_routes_shows_is_what_happens() {
    try_page("routing", 2);
}

#[test]
fn what_the_page_about_rest_shows_is_what_happens() {
    try_page("rest", 20);
}

#[test]
fn what_the_page_about_streams_shows_is_what_happens() {
    try_page("streams", 10);
}

#[test]
fn what_the_page_about_calls_shows_is_what_happens() {
    try_page("rpc", 8);
}

#[test]
fn what_the_page_about_websocket_shows_is_what_happens() {
    try_page("websocket", 2);
}

#[test]
fn what_the_page_about_headers_shows_is_what_happens() {
    try_page("headers", 9);
}

#[test]
fn what_the_page_about_browsers_shows_is_what_happens() {
    try_page("browsers", 7);
}

#[test]
fn what_the_page_about_options_shows_is_what_happens() {
    try_page("options", 5);
}

#[test]
fn what_the_page_about_tls_shows_is_what_happens() {
    let openssl = Command::new("openssl").arg("version").output();
    if openssl.is_ok_and(|version| out(&version).starts_with("OpenSSL 3")) {
        try_page("tls", 8);
    } else {
        println!("not tried: commands for OpenSSL 3, which is not installed");
    }
}

#[test]
fn what_the_page_about_security_shows_is_what_happens() {
    let openssl = Command::new("openssl").arg("version").output();
    if openssl.is_ok() {
        try_page("security", 18);
    } else {
        println!("not tried: commands for OpenSSL, which is not installed");
    }
}

#[test]
fn what_the_page_about_upstreams_shows_is_what_happens() {
    try_page("upstreams", 4);
}

#[test]
fn what_the_page_about_presets_shows_is_what_happens() {
    try_page("compat", 5);
}

#[test]
fn what_the_page_about_operations_shows_is_what_happens() {
    try_page("operations", 4);
}

#[test]
fn what_the_page_about_changes_while_it_runs_shows_is_what_happens() {
    try_page("reload", 2);
}

#[test]
fn what_the_page_about_openapi_shows_is_what_happens() {
    try_page("openapi", 5);
}

#[test]
fn what_the_page_about_the_site_shows_is_what_happens() {
    try_page("site", 5);
}

#[test]
fn what_the_page_about_validation_shows_is_what_happens() {
    try_page("validation", 4);
}

#[test]
fn what_the_page_about_schemas_shows_is_what_happens() {
    try_page("schemas", 10);
}

#[test]
fn dots_stand_for_any_text() {
    for (text, pattern, expected) in [
        ("abc", "abc", true),
        ("abc", "ab", false),
        ("abc", "a…", true),
        ("abc", "…c", true),
        ("abc", "a…c", true),
        ("abc", "…b…", true),
        ("abc", "a…d…", false),
        ("ac", "a…b…c", false),
        ("", "…", true),
        ("", "a", false),
    ] {
        assert_eq!(fits(text, pattern), expected, "{text} {pattern}");
    }
}
