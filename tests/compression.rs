//! Compressed bodies and answers by real sockets.

use http::Method;
use serde_json::json;
use transom::call::Coding;
use transom::call::compression::{Deflater, Inflater};

use crate::support::{Stack, Version, send};

const ALL: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Brotli];

fn compressed(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let mut deflater = Deflater::new(coding, u64::try_from(plain.len()).unwrap()).unwrap();
    let mut out = deflater.write(plain).unwrap();
    out.extend(deflater.finish().unwrap());
    out
}

fn plain(coding: Coding, compressed: &[u8]) -> Vec<u8> {
    let mut inflater = Inflater::new(coding).unwrap();
    let mut out = vec![0; 8 << 20];
    let step = inflater.step(compressed, &mut out).unwrap();
    assert_eq!(step.read, compressed.len());
    inflater.finish().unwrap();
    out.truncate(step.written);
    out
}

#[tokio::test]
async fn bodies_and_answers_are_compressed_over_both_versions_of_http() {
    let stack = Stack::start().await;
    for length in [3_000, 300_000] {
        let kinds = json!({ "stringValue": "The Wave ".repeat(length / 9) });
        let body = kinds.to_string();
        for version in [Version::Http1, Version::Http2] {
            for coding in ALL {
                let headers = [
                    ("content-type", "application/json"),
                    ("content-encoding", coding.name()),
                    ("accept-encoding", coding.name()),
                ];
                let address = stack.address();
                let body = compressed(coding, body.as_bytes());
                let path = "/v1/echo:kinds";
                let answer = send(address, version, Method::POST, path, &headers, body).await;
                assert_eq!(answer.status, 200, "{version:?} {coding:?}");
                assert_eq!(answer.header("content-encoding"), Some(coding.name()));
                assert_eq!(answer.header("vary"), Some("accept-encoding"));
                if let Some(length) = answer.header("content-length") {
                    assert_eq!(length, answer.body.len().to_string());
                }
                let found = plain(coding, &answer.body);
                let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
                assert_eq!(found, kinds, "{version:?} {coding:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_short_or_a_stream_or_head_has_no_coded_body() {
    let stack = Stack::start().await;
    let all = [("accept-encoding", "gzip, br, zstd")];
    let answer = stack.send(Method::GET, "/v1/echo/7", &all, "").await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.json()["id"], "7");
    let path = "/v1/echo:stream?count=200";
    let answer = stack.send(Method::GET, path, &all, "").await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.lines().len(), 200);
}

#[tokio::test]
async fn a_coding_that_is_not_taken_is_415_with_the_ones_that_are() {
    let stack = Stack::start().await;
    for coding in ["deflate", "gzip, gzip", "compress"] {
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", coding),
        ];
        let answer = stack
            .send(Method::POST, "/v1/echo:kinds", &headers, "{}")
            .await;
        assert_eq!(answer.status, 415, "{coding}");
        assert_eq!(answer.header("accept-encoding"), Some("gzip, br, zstd"));
        assert_eq!(answer.json()["code"], 3);
    }
}

#[cfg(target_os = "linux")]
/// The most memory this process had at once, in KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
/// The gateway's process is killed when this is dropped.
struct Process(std::process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)] // reading the output blocks
async fn a_bomb_takes_the_memory_of_the_limit() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    let backend = crate::support::Backend::start().await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_transom"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            &backend.url,
        ])
        .args(["--log", "human"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let process = Process(child);
    let mut lines = output.lines();
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            let at = line.find("listening on http://")?;
            line[at + "listening on http://".len()..]
                .trim()
                .parse()
                .ok()
        })
        .unwrap();
    let headers = |coding: &'static str| {
        [
            ("content-type", "application/json"),
            ("content-encoding", coding),
        ]
    };
    let post = |coding: &'static str, body: Vec<u8>| async move {
        let headers = headers(coding);
        let path = "/v1/echo:kinds";
        send(address, Version::Http1, Method::POST, path, &headers, body).await
    };
    let zeros = vec![b' '; 1 << 20];
    for coding in ALL {
        let mut deflater = Deflater::new(coding, 1 << 27).unwrap();
        let mut bomb = Vec::new();
        for _ in 0..1 << 7 {
            bomb.extend(deflater.write(&zeros).unwrap());
        }
        bomb.extend(deflater.finish().unwrap());
        // A little first, so that everything is there that stays.
        let little = compressed(coding, b"{}");
        assert_eq!(post(coding.name(), little).await.status, 200);
        let before = peak(process.0.id());
        assert_eq!(post(coding.name(), bomb).await.status, 413, "{coding:?}");
        let grown = peak(process.0.id()) - before;
        println!("{coding:?}: {grown} KiB");
        // The limit of 4 MiB, what travels, the coding's window, and an allocator's slack.
        assert!(grown < 16 << 10, "{coding:?}: {grown} KiB");
    }
}
