//! Log lines, kept for the tests that look at them.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// What one thread logs, without moments and colours. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// Keeps the lines of this thread from DEBUG up, until the guard is dropped.
    pub(crate) fn begin() -> (Self, DefaultGuard) {
        let heard = Self::default();
        let lines = tracing_subscriber::fmt()
            .with_writer(heard.clone())
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .without_time()
            .with_target(false);
        let guard = tracing::subscriber::set_default(lines.finish());
        (heard, guard)
    }

    /// The lines so far that have this in them.
    pub(crate) fn with(&self, part: &str) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter(|line| line.contains(part));
        lines.map(|line| line.trim().to_owned()).collect()
    }
}

impl io::Write for Heard {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Heard {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
