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
use crate::observe::access_log::TARGET;

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
        if metadata.target() == TARGET {
            let mut call = Call::default();
            event.record(&mut call);
            call.write(&mut to, paint)?;
        } else {
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
        }
        to.write_char('\n')
    }
}

/// Whether there are colours.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn write(self, to: &mut Writer<'_>, style: Style, text: &str) -> fmt::Result {
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

/// Any other event.
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

/// What is shown of a call.
#[derive(Default)]
struct Call {
    http_status: u64,
    protocol: String,
    verb: String,
    template: Option<String>,
    rpc: Option<String>,
    rpc_type: String,
    messages: (u64, u64),
    milliseconds: f64,
    grpc_status: String,
    grpc_message: String,
    origin: Option<String>,
}

impl Visit for Call {
    fn record_str(&mut self, field: &Field, value: &str) {
        let value = harmless(value);
        match field.name() {
            "protocol" => self.protocol = value,
            "http_method" => self.verb = value,
            "path_template" => self.template = Some(value),
            "rpc_method" => self.rpc = Some(value),
            "rpc_type" => self.rpc_type = value,
            "grpc_status" => self.grpc_status = value,
            "grpc_message" => self.grpc_message = value,
            "origin" => self.origin = Some(value),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "http_status" => self.http_status = value,
            "req_msgs" => self.messages.0 = value,
            "resp_msgs" => self.messages.1 = value,
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "duration_ms" {
            self.milliseconds = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Call {
    fn write(&self, to: &mut Writer<'_>, paint: Paint) -> fmt::Result {
        let style = match (self.http_status, self.origin.as_deref()) {
            (500.., _) | (..400, Some(_)) => RED,
            (400.., _) => YELLOW,
            _ => GREEN,
        };
        to.write_char(' ')?;
        paint.write(to, style, &self.http_status.to_string())?;
        write!(to, " {} {}", self.protocol, self.verb)?;
        match (&self.template, &self.rpc) {
            (Some(template), Some(rpc)) => {
                write!(to, " {template} ")?;
                paint.write(to, DIM, &format!("> {}", rpc.trim_start_matches('/')))?;
            }
            (None, Some(path)) | (Some(path), None) => write!(to, " {path}")?,
            (None, None) => {}
        }
        if !matches!(self.rpc_type.as_str(), "" | "unary") {
            let (up, down) = self.messages;
            write!(to, " {up} up, {down} down")?;
        }
        write!(to, " {:.1}ms", self.milliseconds)?;
        if let Some(origin) = &self.origin {
            to.write_char(' ')?;
            paint.write(to, style, &self.grpc_status)?;
            write!(to, " ({origin}) {:?}", self.grpc_message)?;
        }
        Ok(())
    }
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
