//! Log lines on standard error, written by a thread of their own.
//!
//! A call never waits for a slow terminal or pipe: lines go through a queue of [`QUEUE_MAX`], and
//! when that is full they are dropped, counted, and the count is written once there is room.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::terminal;
use crate::config::{Log, LogFormat, LogLevel};

mod human;

/// Lines that may wait to be written: at some 300 bytes each, a few megabytes.
const QUEUE_MAX: usize = 8192;

/// How long the last lines may take at the end.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// How log lines look, once `auto` is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Short lines for reading, beside tables and progress.
    Human,
    /// JSON lines and nothing else.
    Json,
}

impl Form {
    /// Decides `auto`.
    pub(super) fn of(format: LogFormat) -> Self {
        match format {
            LogFormat::Human => Self::Human,
            LogFormat::Json => Self::Json,
            LogFormat::Auto if terminal::is_watched() => Self::Human,
            LogFormat::Auto => Self::Json,
        }
    }
}

/// Starts logging; lines are complete once the value is dropped.
pub(super) fn start(log: Log) -> Flush {
    let (lines, queue) = sync_channel(QUEUE_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    let writer = Queue {
        lines: lines.clone(),
        lost: Arc::clone(&lost),
    };
    thread::spawn(move || write_lines(&queue, &lost));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(
            log.level,
            &std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default(),
        ))
        .with_writer(writer);
    // An error means that somebody else logs already (an embedding program): leave it so.
    let _ = match Form::of(log.format) {
        Form::Human => builder
            .with_ansi(terminal::has_colours())
            .event_format(human::Human)
            .try_init(),
        Form::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
    };
    Flush { lines }
}

/// What `RUST_LOG` asked for if it says anything, else the level for our own lines and `warn` for those of libraries.
fn filter(level: LogLevel, asked: &str) -> EnvFilter {
    let ours = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn,transom=warn",
        LogLevel::Info => "warn,transom=info",
        LogLevel::Debug => "warn,transom=debug",
        LogLevel::Trace => "info,transom=trace",
    };
    if asked.trim().is_empty() {
        return EnvFilter::new(ours);
    }
    EnvFilter::try_new(asked).unwrap_or_else(|_| EnvFilter::new(ours))
}

/// What goes through the queue.
enum Entry {
    Line(Vec<u8>),
    /// Everything before it is written.
    Written(SyncSender<()>),
}

fn write_lines(queue: &Receiver<Entry>, lost: &AtomicU64) {
    let mut out = io::stderr();
    while let Ok(entry) = queue.recv() {
        match entry {
            Entry::Line(line) => {
                let _ = out.write_all(&line);
            }
            Entry::Written(told) => {
                let _ = told.try_send(());
            }
        }
        let dropped = lost.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let _ = writeln!(
                out,
                r#"{{"level":"WARN","message":"log lines dropped","count":{dropped}}}"#
            );
        }
    }
}

/// The sending side, as tracing wants it: one `write` is one line.
#[derive(Clone)]
struct Queue {
    lines: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Entry::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits, when dropped, until the lines so far are written.
pub(super) struct Flush {
    lines: SyncSender<Entry>,
}

impl Drop for Flush {
    fn drop(&mut self) {
        let (told, written) = sync_channel(1);
        if self.lines.try_send(Entry::Written(told)).is_ok() {
            let _ = written.recv_timeout(FLUSH_MAX);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_unless_it_says_nothing() {
        let told = |asked| filter(LogLevel::Info, asked).to_string();
        let default = EnvFilter::new("warn,transom=info").to_string();
        for nothing in ["", " ", "=,="] {
            assert_eq!(told(nothing), default, "{nothing:?}");
        }
        assert_eq!(told("transom=debug"), "transom=debug");
    }

    #[test]
    fn a_full_queue_drops_lines_and_counts_them_instead_of_waiting() {
        let (lines, queue) = sync_channel(2);
        let lost = Arc::new(AtomicU64::new(0));
        let mut writer = Queue {
            lines,
            lost: Arc::clone(&lost),
        };
        for _ in 0..5 {
            assert_eq!(writer.write(b"line\n").unwrap(), 5);
        }
        assert_eq!(lost.load(Ordering::Relaxed), 3);
        assert_eq!(queue.try_iter().count(), 2);
    }
}
