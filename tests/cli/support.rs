//! A `transom` that runs until it is told to stop.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a line or an end may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running command, killed when it is dropped.
pub(super) struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    pub(super) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transom"));
        command.args(arguments);
        Self::start_by(command)
    }

    /// The same with no more than so many file descriptors.
    pub(super) fn start_within(descriptors: usize, arguments: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_transom")]);
        command.args(arguments);
        Self::start_by(command)
    }

    fn start_by(mut command: Command) -> Self {
        let mut child = command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, err) = (lines(child.stdout.take()), lines(child.stderr.take()));
        Self { child, out, err }
    }

    /// Lines of standard output up to one that holds `part`, that one included.
    pub(super) fn out_until(&self, part: &str) -> Vec<String> {
        until(&self.out, part)
    }

    /// The same of standard error.
    pub(super) fn err_until(&self, part: &str) -> Vec<String> {
        until(&self.err, part)
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `INT` or `TERM`.
    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([&format!("-{name}"), &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end.
    #[allow(clippy::disallowed_methods)] // another process has no paused clock
    pub(super) fn end(mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    let reader = BufReader::new(from.unwrap());
    std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

fn until(lines: &Receiver<String>, part: &str) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => seen.push(line),
            Err(error) => panic!("no line with {part:?} ({error}) after {seen:#?}"),
        }
        if seen.last().is_some_and(|line| line.contains(part)) {
            return seen;
        }
    }
}

/// The status and the body of an answer without trailers.
pub(super) fn request(verb: &str, address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("{verb} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
