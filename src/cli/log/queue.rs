//! Lines on their way to standard error: a buffer with a bound, and a thread that empties it.
//!
//! Nobody who has something to say waits for whoever reads it: what does not fit is dropped and counted,
//! and the count is said once there is room. Under load the thread takes many lines at once, so that few
//! of those who say something have to wake it.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that may wait to be written: some ten thousand lines.
const WAITING_MAX: usize = 4 << 20;

/// How long the thread rests after it wrote, so that lines come together.
const REST: Duration = Duration::from_millis(5);

/// Where lines go.
#[derive(Clone)]
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// Everything is written.
    written: Condvar,
    /// Lines dropped so far.
    lost: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines dropped since that was said last.
    unsaid: u64,
    writer: Writer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writer {
    /// Writes, or rests.
    #[default]
    Busy,
    /// Has written everything, and has to be woken.
    Asleep,
}

impl Queue {
    /// One that writes there, by a thread that lasts as long as the process.
    pub(super) fn to(out: impl Write + Send + 'static) -> Self {
        let queue = Self::idle();
        let shared = Arc::clone(&queue.0);
        thread::spawn(move || shared.write(out));
        queue
    }

    fn idle() -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
            lost: AtomicU64::new(0),
        }))
    }

    /// Adds a line, with its end, if it fits.
    pub(super) fn put(&self, line: &[u8]) {
        let mut state = self.0.state();
        if state.waiting.len() + line.len() > WAITING_MAX {
            state.unsaid += 1;
            self.0.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.waiting.extend_from_slice(line);
        if std::mem::take(&mut state.writer) == Writer::Asleep {
            drop(state);
            self.0.filled.notify_one();
        }
    }

    /// Lines dropped so far.
    pub(super) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, but not for longer than this.
    pub(super) fn flush(&self, most: Duration) {
        let state = self.0.state();
        let is_busy = |state: &mut State| state.writer == Writer::Busy;
        let _ = self.0.written.wait_timeout_while(state, most, is_busy);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(clippy::disallowed_methods)] // a thread of its own, on which nothing else runs
    fn write(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let unsaid = self.take(&mut lines);
            // Whoever closed the pipe has what it wanted.
            let _ = out.write_all(&lines);
            if unsaid > 0 {
                let _ = writeln!(
                    out,
                    r#"{{"level":"WARN","message":"log lines dropped","count":{unsaid}}}"#
                );
            }
            thread::sleep(REST);
        }
    }

    /// Waits for lines, and takes all of them in place of those. How many were dropped.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        lines.clear();
        let mut state = self.state();
        while state.waiting.is_empty() && state.unsaid == 0 {
            state.writer = Writer::Asleep;
            self.written.notify_all();
            let filled = self.filled.wait(state);
            state = filled.unwrap_or_else(PoisonError::into_inner);
        }
        state.writer = Writer::Busy;
        std::mem::swap(&mut state.waiting, lines);
        std::mem::take(&mut state.unsaid)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A pipe whose reader takes a piece only when it wants.
    struct Pipe(Sender<Vec<u8>>, Receiver<()>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1.recv().unwrap();
            self.0.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_pipe_that_nobody_reads_makes_nobody_wait_and_what_is_lost_is_told() {
        let (sender, pieces) = channel();
        let (go_on, may) = channel();
        let queue = Queue::to(Pipe(sender, may));
        queue.put(b"first\n");
        // The thread stands in the pipe now, or will; in any case only so much waits.
        let line = vec![b'x'; 1024];
        for _ in 0..3 * WAITING_MAX / line.len() {
            queue.put(&line);
        }
        let lost = queue.lost();
        assert!(lost > 4096, "{lost}");
        for _ in 0..4 {
            let _ = go_on.send(());
        }
        let mut all = Vec::new();
        while !all.ends_with(b"}\n") {
            all.extend(pieces.recv().unwrap());
            let _ = go_on.send(());
        }
        assert!(all.starts_with(b"first\n"));
        let said = String::from_utf8(all).unwrap();
        assert!(said.contains("\"log lines dropped\""), "it is said");
    }

    #[test]
    fn what_was_put_is_written_when_it_is_flushed() {
        let (sender, pieces) = channel();
        let (go_on, may) = channel();
        let queue = Queue::to(Pipe(sender, may));
        go_on.send(()).unwrap();
        queue.put(b"a\nb\n");
        queue.flush(Duration::from_secs(60));
        assert_eq!(pieces.try_recv().unwrap(), b"a\nb\n");
    }
}
