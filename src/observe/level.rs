//! How much is logged, as operators change it.

use std::fmt;

/// What writes log lines, and can be told to write more or fewer.
pub trait Leveled: fmt::Debug + Send + Sync + 'static {
    /// What is written now.
    fn level(&self) -> String;

    /// Writes from now on what this says, and that somebody has asked for it, whatever it is.
    ///
    /// # Errors
    /// Nobody knows what it means; what was found and what was expected. Nothing has changed.
    fn set(&self, wanted: &str) -> Result<(), String>;
}
