//! Log lines on standard error, the access log among them, written by a thread of their own: a call never
//! waits for a slow terminal or pipe.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use tracing::{Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::reload;

use super::terminal;
use crate::config::{Log, LogFormat, LogLevel, Settings};
use crate::observe::AccessLog;
use crate::observe::access_log::{Entry, Sink, TARGET};
use crate::observe::level::Leveled;

mod human;
mod queue;

use queue::Queue;

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

/// What logs.
pub(super) struct Logging {
    /// Where lines of the access log go.
    calls: Arc<dyn Sink>,
    /// By whom the level is changed; nobody if somebody else logs already.
    level: Option<Arc<dyn Leveled>>,
    queue: Queue,
}

impl Logging {
    /// Has a gateway log there.
    pub(super) fn join(&self, settings: &mut Settings) {
        settings.gateway.access_log = Some(AccessLog {
            sink: Arc::clone(&self.calls),
            rules: settings.access_log,
            salt: settings.salt.clone().unwrap_or_default(),
        });
        settings.gateway.log_level = self.level.clone();
    }
}

impl Drop for Logging {
    /// Lines are complete once the value is dropped.
    fn drop(&mut self) {
        self.queue.flush(FLUSH_MAX);
    }
}

/// Starts logging.
pub(super) fn start(log: Log) -> Logging {
    let queue = Queue::to(io::stderr());
    let form = Form::of(log.format);
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(log.level, &asked))
        .with_writer(queue.clone());
    // An error means that somebody else logs already (an embedding program): leave it so.
    let level = match form {
        Form::Human => {
            let builder = builder
                .with_ansi(terminal::has_colours())
                .event_format(human::Human)
                .with_filter_reloading();
            let level = builder.reload_handle();
            let started = builder.try_init();
            started.ok().map(|()| leveled(level))
        }
        Form::Json => {
            let builder = builder
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_filter_reloading();
            let level = builder.reload_handle();
            let started = builder.try_init();
            started.ok().map(|()| leveled(level))
        }
    };
    if !asked.trim().is_empty() && parsed(&asked).is_none() {
        tracing::warn!(error = unknown(&asked), "RUST_LOG is passed over");
    }
    let calls = Calls {
        form,
        queue: queue.clone(),
    };
    Logging {
        calls: Arc::new(calls),
        level,
        queue,
    }
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
    parsed(asked).unwrap_or_else(|| EnvFilter::new(ours))
}

/// A filter as `RUST_LOG` has it. A bare word that is no level would be a target, and all the others'
/// lines would stop for a slip of the pen: targets have to come with their levels.
fn parsed(asked: &str) -> Option<EnvFilter> {
    let mut directives = asked.split(',').map(str::trim);
    let is_told = |one: &str| one.contains(['=', '[']) || LevelFilter::from_str(one).is_ok();
    let is_empty = asked.trim().is_empty();
    let is_good = !is_empty && directives.all(|one| one.is_empty() || is_told(one));
    EnvFilter::try_new(asked).ok().filter(|_| is_good)
}

/// The filter of lines, while they are written.
struct Filter<S>(reload::Handle<EnvFilter, S>);

impl<S> fmt::Debug for Filter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

fn leveled<S: Subscriber>(handle: reload::Handle<EnvFilter, S>) -> Arc<dyn Leveled> {
    Arc::new(Filter(handle))
}

impl<S: Subscriber> Leveled for Filter<S> {
    fn level(&self) -> String {
        let shown = self.0.with_current(ToString::to_string);
        shown.unwrap_or_default()
    }

    fn set(&self, wanted: &str) -> Result<(), String> {
        let wanted = wanted.trim();
        let level = <LogLevel as clap::ValueEnum>::from_str(wanted, true);
        let filter = match level {
            Ok(level) => filter(level, ""),
            Err(_) => parsed(wanted).ok_or_else(|| unknown(wanted))?,
        };
        // Told whatever was written before and is from now on.
        let telling = EnvFilter::new("warn");
        self.0.reload(telling).map_err(|error| error.to_string())?;
        let level = filter.to_string();
        tracing::warn!(level, "another level of logs was asked for");
        self.0.reload(filter).map_err(|error| error.to_string())
    }
}

fn unknown(found: &str) -> String {
    let found: String = found.chars().take(100).collect();
    format!(
        "found {found:?}, expected error, warn, info, debug, trace or off, or target=level, such as \
         transom=debug,h2=info"
    )
}

/// Lines of the access log.
struct Calls {
    form: Form,
    queue: Queue,
}

thread_local! {
    /// Where a line is written before it is put: once there is room for the longest, for nothing.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Sink for Calls {
    fn wants(&self) -> bool {
        tracing::enabled!(target: TARGET, Level::INFO)
    }

    fn take(&self, entry: &Entry<'_>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            match self.form {
                Form::Human => human::write_call(entry, terminal::has_colours(), line),
                Form::Json => entry.write_json(line),
            }
            self.queue.put(line);
        });
    }

    fn lost(&self) -> u64 {
        self.queue.lost()
    }
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// As tracing wants it: one `write` is one line.
impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_environment_wins_unless_it_says_nothing() {
        let told = |asked| filter(LogLevel::Info, asked).to_string();
        let default = EnvFilter::new("warn,transom=info").to_string();
        for nothing in ["", " ", "=,=", "verbose", "inf", "foo bar", "warn,books"] {
            assert_eq!(told(nothing), default, "{nothing:?}");
        }
        for filter in ["transom=debug", "off", "WARN,h2=info", "[call]=debug"] {
            assert_eq!(
                told(filter).to_lowercase(),
                EnvFilter::new(filter).to_string()
            );
        }
    }

    #[test]
    fn the_level_is_changed_while_lines_are_written() {
        let told = Told::default();
        let writer = told.clone();
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter(LogLevel::Warn, ""))
            .with_writer(move || writer.clone())
            .with_filter_reloading();
        let level = leveled(builder.reload_handle());
        tracing::subscriber::with_default(builder.finish(), || {
            let calls = || tracing::enabled!(target: TARGET, Level::INFO);
            assert!(!calls());
            assert_eq!(level.set(" Info\n"), Ok(()));
            assert!(calls());
            assert_eq!(level.set("transom::access=off,h2=debug"), Ok(()));
            assert!(!calls());
            assert!(level.level().contains("h2=debug"));
            for wrong in ["", "loud=very", "verbose", "inf", "foo bar"] {
                assert!(level.set(wrong).is_err(), "{wrong:?}");
            }
            assert!(level.level().contains("h2=debug"), "it stays");
            for _ in 0..2 {
                assert_eq!(level.set("off"), Ok(()));
            }
        });
        let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
        assert_eq!(told.matches("another level").count(), 4, "{told}");
    }

    /// What was written.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u8>>>);

    impl Write for Told {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
