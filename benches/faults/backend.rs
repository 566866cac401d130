//! A backend in a process of its own, so that what ends it ends it as in life: this program once more,
//! with `backend` as its first argument. It is told what to do by its standard input, a line each.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) mod serve;

/// The first argument of a backend's process.
pub(crate) const WORD: &str = "backend";

/// What a backend is like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// How long it takes over a short call.
    pub(crate) hold: Duration,
    /// Short calls that it works on at a time, and lets others wait for; 0 for as many as come.
    pub(crate) slots: usize,
    /// How long calls may go on after SIGTERM.
    pub(crate) grace: Duration,
}

/// A backend's process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) port: u16,
    child: Child,
    say: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Backend {
    /// Starts one, and waits until it listens.
    pub(crate) fn start(port: u16, manner: Manner) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(WORD)
            .arg(port.to_string())
            .arg(manner.hold.as_millis().to_string())
            .arg(manner.slots.to_string())
            .arg(manner.grace.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut backend = Self {
            port,
            say: child.stdin.take().unwrap(),
            said: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        assert_eq!(backend.answer(), "listening");
        backend
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn ask(&mut self, what: &str) -> String {
        tokio::task::block_in_place(|| {
            writeln!(self.say, "{what}").unwrap();
            self.answer()
        })
    }

    /// Every call fails with UNAVAILABLE at once.
    pub(crate) fn fail(&mut self) {
        self.ask("fail");
    }

    /// Calls are answered again.
    pub(crate) fn heal(&mut self) {
        self.ask("heal");
    }

    /// The calls it has seen.
    pub(crate) fn calls(&mut self) -> u64 {
        self.ask("calls").parse().unwrap()
    }

    /// Stops it where it is; the system still takes connections for it.
    pub(crate) fn freeze(&self) {
        signal(self.child.id(), "STOP");
    }

    /// Has it go on.
    pub(crate) fn thaw(&self) {
        signal(self.child.id(), "CONT");
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, then what it does with it; when its process was gone.
    pub(crate) async fn terminate(mut self) -> Instant {
        signal(self.child.id(), "TERM");
        loop {
            if self.child.try_wait().unwrap().is_some() {
                return Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -{name} {process}: {sent}");
}
