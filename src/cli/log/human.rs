//! Log lines for reading: the time of day, and a call as one short sentence.
//!
//! ```text
//! 20:41:20.375Z 200 rest GET /v1/shelves > demo.library.v1.LibraryService/ListShelves 1.4ms
//! ```
//!
//! The JSON form has everything else. Whatever a client or a backend chose is escaped, so that
//! nothing can break out of its line or reach the terminal as a command.

use std::fmt::{self, Debug, Write as _};

use anstyle::{AnsiColor, Style};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::registry::LookupSpan;

use crate::cli::terminal::DIM;
use crate::observe::access_log::{Entry, Stage};
use crate::schema::Shape;

/// Letters of a status message that are shown.
const MESSAGE_MAX: usize = 256;

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();

/// The form of lines for reading.
pub(super) struct Human;

impl<S, N> FormatEvent<S, N> for Human
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let paint = Paint(to.has_ansi_escapes());
        paint.write(&mut to, DIM, &clock()?)?;
        let metadata = event.metadata();
        let mut said = Said::default();
        event.record(&mut said);
        let style = match *metadata.level() {
            Level::ERROR => RED,
            Level::WARN => YELLOW,
            _ => DIM,
        };
        to.write_char(' ')?;
        paint.write(&mut to, style, metadata.level().as_str())?;
        write!(to, " {}{}", said.message, said.fields)?;
        to.write_char('\n')
    }
}

/// Whether there are colours.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn write(self, to: &mut impl fmt::Write, style: Style, text: &str) -> fmt::Result {
        if self.0 {
            write!(to, "{style}{text}{style:#}")
        } else {
            to.write_str(text)
        }
    }
}

/// The time of day, in UTC.
fn clock() -> Result<String, fmt::Error> {
    let mut stamp = String::new();
    SystemTime.format_time(&mut Writer::new(&mut stamp))?;
    Ok(time_of_day(&stamp))
}

/// `20:41:20.375Z` of `2026-11-22T20:41:20.375033Z`.
fn time_of_day(stamp: &str) -> String {
    let (_, time) = stamp.split_once('T').unwrap_or_default();
    format!("{}Z", time.get(..12).unwrap_or(time))
}

/// Text without control characters.
fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    fields: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = harmless(&format!("{value:?}"));
        if field.name() == "message" {
            self.message = value;
        } else {
            let _ = write!(self.fields, " {}={value}", field.name());
        }
    }
}

/// Appends what is shown of a call, as a line.
pub(super) fn write_call(entry: &Entry<'_>, has_colours: bool, out: &mut Vec<u8>) {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = call(entry, Paint(has_colours), &mut text);
    text.push('\n');
    out.extend_from_slice(text.as_bytes());
}

fn call(entry: &Entry<'_>, paint: Paint, to: &mut String) -> fmt::Result {
    let failure = entry.status.filter(|status| !status.is_ok());
    let style = match (entry.http_status, failure) {
        (Some(500..), _) | (Some(..400), Some(_)) => RED,
        (Some(400..), _) => YELLOW,
        (Some(_), None) => GREEN,
        (None, _) => DIM,
    };
    paint.write(to, DIM, &clock()?)?;
    to.write_char(' ')?;
    match (entry.stage, entry.http_status) {
        (Stage::Ended, Some(status)) => paint.write(to, style, &status.to_string())?,
        (Stage::Ended, None) => paint.write(to, style, "-")?,
        (Stage::Started, _) => paint.write(to, DIM, "goes on:")?,
    }
    write!(to, " {} {}", entry.protocol.as_str(), harmless(entry.verb))?;
    let path = entry.method.map(|method| method.path.as_str());
    match (entry.path_template, path) {
        (Some(template), Some(rpc)) => {
            write!(to, " {template} ")?;
            paint.write(to, DIM, &format!("> {}", rpc.trim_start_matches('/')))?;
        }
        (None, Some(path)) | (Some(path), None) => write!(to, " {path}")?,
        (None, None) => {}
    }
    if (entry.method).is_some_and(|method| method.shape != Shape::Unary) {
        let (up, down) = entry.messages;
        write!(to, " {up} up, {down} down")?;
    }
    write!(to, " {:.1}ms", entry.duration.as_secs_f64() * 1000.0)?;
    if let Some(status) = failure {
        to.write_char(' ')?;
        paint.write(to, style, status.code.name())?;
        let (message, origin) = (harmless(&status.message), status.origin.as_str());
        let message: String = message.chars().take(MESSAGE_MAX).collect();
        write!(to, " ({origin}) {message:?}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_shows_the_time_of_day() {
        assert_eq!(time_of_day("2026-11-22T20:41:20.375033Z"), "20:41:20.375Z");
        let now = clock().unwrap_or_default();
        assert!(now.len() == 13 && now.contains(':'), "{now}");
    }

    #[test]
    fn control_characters_stay_text() {
        assert_eq!(harmless("a\n\u{1b}[31mb"), "a\\n\\u{1b}[31mb");
    }
}
