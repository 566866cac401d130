//! Row R25: a process that has no file descriptors left.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use super::demo::demo_within;

/// What the process may have.
const DESCRIPTORS: usize = 256;

/// Calls on a connection that lasts; the status line.
fn get(stream: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    let answer = String::from_utf8(answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

/// Ticks of processor time that it has used, of which there are a hundred a second.
fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let numbers: Vec<_> = fields.split(' ').collect();
    numbers[11].parse::<u64>().unwrap() + numbers[12].parse::<u64>().unwrap()
}

/// From now on the process may have so many.
fn allow(process: u32, descriptors: usize) {
    let allowed = Command::new("prlimit")
        .args(["--pid", &process.to_string()])
        .arg(format!("--nofile={descriptors}:{DESCRIPTORS}"))
        .status();
    assert!(allowed.unwrap().success());
}

#[test]
fn row_r25_without_descriptors_connections_are_served_on_and_others_wait_at_no_cost() {
    let demo = demo_within(DESCRIPTORS);
    let address = demo.gateway.trim_start_matches("http://").to_owned();
    let mut known = TcpStream::connect(&address).unwrap();
    assert_eq!(get(&mut known, "/v1/echo/7"), "HTTP/1.1 200 OK");
    let process = demo.running.id();

    // There is none left: nobody is accepted, and the process rests between its attempts.
    let open = std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .count();
    allow(process, open);
    let mut waiting = TcpStream::connect(&address).unwrap();
    waiting.set_nonblocking(true).unwrap();
    demo.running.err_until("a connection could not be accepted");
    let before = ticks(process);
    let slow = "/v1/echo:slow?delay=1s";
    assert_eq!(get(&mut known, slow), "HTTP/1.1 200 OK");
    let used = ticks(process) - before;
    assert!(
        used < 20,
        "{used} hundredths of the second that the call took"
    );
    let nothing = waiting.read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);

    // There are some again.
    allow(process, DESCRIPTORS);
    waiting.set_nonblocking(false).unwrap();
    assert_eq!(get(&mut waiting, "/v1/echo/7"), "HTTP/1.1 200 OK");

    // Clients cannot use them up: connections have half of them.
    let crowd: Vec<_> = (0..DESCRIPTORS)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    assert_eq!(get(&mut known, "/v1/echo/7"), "HTTP/1.1 200 OK");
    let open = std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .count();
    assert!(open < DESCRIPTORS - 20, "{open}");
    drop((crowd, waiting));
    let mut fresh = TcpStream::connect(&address).unwrap();
    assert_eq!(get(&mut fresh, "/v1/echo/7"), "HTTP/1.1 200 OK");
}
